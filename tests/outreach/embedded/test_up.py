"""The real supervisor with the real program: starts, stops, kills, restarts."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from outreach.embedded.ports import LOOPBACK, free_port
from outreach.env import ROOT
from tests.outreach.embedded.up import START_S, STOP_S, Up, alive, clean_env, descendants, named, up, wait_until

TRACES = ("run.lock", "run.env", "postgres/postmaster.pid")
COUNT = "from outreach.accounts.models import User; print(User.objects.filter(email='kept@example.com').count())"
TERMINAL_LEADER = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY); from outreach.cli import main; sys.exit(main())"
)
CREATE = "from outreach.accounts.models import User; User.objects.create(email='kept@example.com')"


def manage(data_dir: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=clean_env(data_dir), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("shared") / "data") as shared:
        yield shared.until_ready()


@dataclass(frozen=True)
class Stopped:
    """What is left of an instance that was started for the first time, got a user, and was ended with Ctrl-C."""

    data_dir: Path
    said: str
    status: int
    family: set[int]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    data_dir = tmp_path_factory.mktemp("stopped") / "data"
    with up(data_dir) as first:
        first.until_ready()
        manage(data_dir, "shell", "--verbosity", "0", "-c", CREATE)
        family = descendants(first.process.pid)
        status = first.stop(signal.SIGINT)
    return Stopped(data_dir, first.said, status, family)


@pytest.fixture
def data_dir(stopped: Stopped, tmp_path: Path) -> Path:
    """A copy of its data folder: nobody has to wait for a first start of their own."""
    subprocess.run(["cp", "-a", stopped.data_dir, tmp_path / "data"], check=True)  # with its owners
    return tmp_path / "data"


def test_pages_are_served(running: Up) -> None:
    assert running.page("/accounts/login/") == 200


def test_other_commands_find_the_running_servers(running: Up) -> None:
    assert manage(running.data_dir, "shell", "--verbosity", "0", "-c", COUNT) == "0"


def test_secrets_are_readable_by_their_owner_alone(running: Up) -> None:
    private = [running.data_dir / name for name in ("run.env", "valkey.conf")]
    private += list((running.data_dir / "secrets").iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE(running.data_dir.stat().st_mode) == 0o700
    command_lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(running.process.pid)]
    secrets = [path.read_bytes().strip() for path in (running.data_dir / "secrets").iterdir()]
    assert len(secrets) == 4
    assert not [line for line in command_lines for secret in secrets if secret in line]


def test_second_instance_on_the_same_data_is_refused(running: Up) -> None:
    with up(running.data_dir) as second:
        assert second.process.wait(20) == 1
        assert (
            f"outreach: Outreach is already running on {running.data_dir} (process {running.process.pid})."
            in second.said
        )
    assert running.page("/accounts/login/") == 200


@pytest.mark.parametrize("name", ["worker", "jobs", "courier", "listener", "web", "postgres", "beat"])
def test_service_that_dies_is_started_again(running: Up, name: str) -> None:
    (old,) = named(running.process.pid, name)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: f"{name} runs again" in running.said, 30)
    assert named(running.process.pid, name).isdisjoint({old})
    wait_until(lambda: running.page("/accounts/login/") == 200, 15)
    assert not re.search(r" postgres +\| .*the database system is", running.said)


def test_workers_find_valkey_again_and_say_little(running: Up) -> None:
    wait_until(lambda: "Connected to redis" in running.said, 30)
    (old,) = named(running.process.pid, "valkey")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: "Connected to redis" in running.said.partition("Connection to broker lost")[2], 30)
    assert "DeprecationWarning" not in running.said


def test_ctrl_c_leaves_nothing_and_a_second_start_reuses_the_data(stopped: Stopped) -> None:
    assert stopped.status == 0
    assert len(stopped.family) >= 6  # two servers, web and its worker, celery and its pool, beat
    assert stopped.said.rstrip().endswith(f"stopped; a new start goes on with {stopped.data_dir}")
    assert not alive(stopped.family)
    assert not [name for name in TRACES if (stopped.data_dir / name).exists()]
    with up(stopped.data_dir) as second:
        second.until_ready()
        assert "prepare" not in second.said
        assert manage(stopped.data_dir, "shell", "--verbosity", "0", "-c", COUNT) == "1"
        assert second.stop(signal.SIGTERM) == 0


def test_closed_terminal_leaves_nothing(data_dir: Path) -> None:
    master, terminal = pty.openpty()
    with open(master, "rb", buffering=0) as window:  # noqa: PTH123  a descriptor has no path
        leader = subprocess.Popen(
            [sys.executable, "-c", TERMINAL_LEADER, "up", "--port", str(free_port())],
            cwd=ROOT, env=clean_env(data_dir), stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        said = b""
        while b" ready in " not in said:
            said += window.read(4096)
        family = descendants(leader.pid)
    try:
        assert leader.wait(STOP_S) == 0
    finally:
        leader.kill()
    assert len(family) >= 6
    assert not alive(family)
    assert not [name for name in TRACES if (data_dir / name).exists()]


def test_kill_9_leaves_no_process_and_the_next_start_repairs_the_rest(data_dir: Path) -> None:
    with up(data_dir) as first:
        first.until_ready()
        family = descendants(first.process.pid)
        first.process.kill()
        with up(data_dir, port=first.port) as second:  # at once, while the old children still fall
            second.until_ready()
            assert not alive(family)
            assert second.page("/accounts/login/") == 200
        first.process.wait(5)


def test_kill_9_of_every_process_at_once_is_repaired_too(data_dir: Path) -> None:
    with up(data_dir) as first:
        first.until_ready()
        for pid in (first.process.pid, *descendants(first.process.pid)):
            with contextlib.suppress(ProcessLookupError):  # it fell with its parent
                os.kill(pid, signal.SIGKILL)
        first.process.wait(5)
    assert (data_dir / "postgres/postmaster.pid").exists()
    with up(data_dir, port=first.port) as second:
        second.until_ready()
        assert second.page("/accounts/login/") == 200


def test_ctrl_c_during_the_first_start_leaves_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with up(data_dir) as early:
        wait_until((data_dir / "valkey.conf").exists, START_S)
        family = descendants(early.process.pid)
        early.stop(signal.SIGINT)
    wait_until(lambda: not alive(family), 10)
    assert not [name for name in TRACES if (data_dir / name).exists()]


def test_database_that_was_moved_away_is_made_anew(data_dir: Path, tmp_path: Path) -> None:
    """That is what the program advises when it cannot read the old one."""
    (data_dir / "postgres").rename(tmp_path / "old")
    with up(data_dir) as second:
        second.until_ready()
        assert manage(data_dir, "shell", "--verbosity", "0", "-c", COUNT) == "0"


def test_port_of_another_program_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with up(tmp_path / "data", port=port) as refused:
            assert refused.process.wait(20) == 1
    assert refused.said == (
        f"outreach: Port {port} on 127.0.0.1 is taken by another program. "
        f"Stop that one, or choose another port: `make demo PORT={port + 1}` or `outreach up --port {port + 1}`.\n"
    )
    assert not (tmp_path / "data/postgres").exists()


def test_ordinary_user_runs_everything(tmp_path: Path) -> None:
    """As root, the kernel's user namespace makes us an ordinary user without any right of root."""
    before = ("unshare", "--user", "--map-user=1000", "--map-group=1000") if os.geteuid() == 0 else ()
    with up(tmp_path / "data", before=before) as ordinary:
        ordinary.until_ready()
        assert ordinary.page("/accounts/login/") == 200
        assert ordinary.stop() == 0


def test_servers_that_the_environment_names_are_used_and_not_started(tmp_path: Path) -> None:
    named_servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    with up(tmp_path / "data", variables=named_servers) as thin:
        thin.until_ready()
        assert thin.page("/accounts/login/") == 200
        assert not named(thin.process.pid, "postgres")
        assert not named(thin.process.pid, "valkey")
        assert named(thin.process.pid, "worker")
        assert "_URL=postgresql" not in (tmp_path / "data/run.env").read_text()
    assert not (tmp_path / "data/postgres").exists()


def test_data_directory_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with up(tmp_path / "file/data") as refused:
        assert refused.process.wait(20) == 1
    assert refused.said == (
        f"outreach: Cannot create the data directory {tmp_path}/file/data: Not a directory. "
        "Start as its owner, or set OUTREACH_DATA_DIR to a folder of yours.\n"
    )
