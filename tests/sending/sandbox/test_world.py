"""Starting and stopping: what is published, what is refused, what is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sending.sandbox.__main__ import _parser, _plan
from sending.sandbox.people import DEMO_ACCOUNTS, DEMO_TIME_SCALE
from sending.sandbox.world import SandboxWorld, read_world
from tests.sending.sandbox.post import mailbox, send, wait_for

ROOT = Path(__file__).parents[3]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sending.sandbox", "--data", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_world_json_tells_how_to_reach_it_and_only_to_its_user(world: SandboxWorld) -> None:
    path = world.folder / "world.json"
    found = json.loads(path.read_text())
    assert set(found) == {
        "host", "smtp_port", "smtps_port", "imap_port", "imaps_port", "ca_path", "ca_pem", "accounts", "pid",
    }  # fmt: skip
    assert found["host"] == "127.0.0.1"
    assert Path(found["ca_path"]).read_text() == found["ca_pem"] == world.ca_pem
    assert found["accounts"]["me0@acme.test"] == "secret-0"
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_world(world.folder) == world.info
    assert "secret-0" not in repr(world.info)


def test_a_folder_without_a_world_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_world(tmp_path)


def test_passwords_stay_out_of_the_list_of_processes(world: SandboxWorld) -> None:
    assert b"secret-" not in Path(f"/proc/{world.info.pid}/cmdline").read_bytes()


def test_a_second_sandbox_in_the_same_folder_is_refused(world: SandboxWorld) -> None:
    answer = run(world.folder)
    assert answer.returncode == 2
    assert "another sandbox runs in" in answer.stderr
    assert read_world(world.folder).pid == world.info.pid, "the first one is still the one"


def test_a_taken_port_is_told_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = run(tmp_path, "--imaps-port", str(port))
    assert answer.returncode == 2
    assert f"port {port}" in answer.stderr
    assert "--imaps-port" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "world.json").exists()


def test_a_port_of_the_last_run_that_is_taken_gives_way(tmp_path: Path) -> None:
    world = SandboxWorld(tmp_path, ["me@acme.test"])
    with world:
        before = world.info
    with socket.create_server(("127.0.0.1", before.smtps_port)), world:
        assert world.smtps_port != before.smtps_port
        assert world.imaps_port == before.imaps_port
        assert send(world, "me@acme.test", "you+silent@x.test", "<moved@acme.test>")[0] == 250


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--account", "nobody"], "write it as address:password"),
        (["--smtp-port", "99999"], "port 99999"),
        (["--host", "203.0.113.9"], "cannot listen on 203.0.113.9"),
    ],
)
def test_wrong_words_are_told(tmp_path: Path, words: list[str], why: str) -> None:
    answer = run(tmp_path, *words)
    assert answer.returncode == 2
    assert why in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("words", [["--time-scale", "-3"], ["--smtp-port", "many"], ["--slow-ms", "1.5"]])
def test_what_is_no_number_is_told(tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["--data", str(tmp_path), *words])
    assert f"{words[1]!r} is no whole number from 0 up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "accounts", "time_scale"),
    [
        ([], DEMO_ACCOUNTS, DEMO_TIME_SCALE),
        (["--time-scale", "60"], DEMO_ACCOUNTS, 60),
        (["--account", "Me@acme.test:x"], {"me@acme.test": "x"}, 1),
    ],
)
def test_without_accounts_of_its_own_it_is_the_world_of_the_demo(
    tmp_path: Path, words: list[str], accounts: dict[str, str], time_scale: int
) -> None:
    plan = _plan(_parser().parse_args(["--data", str(tmp_path), *words]))
    assert (plan.accounts, plan.pace.time_scale, plan.host) == (accounts, time_scale, "127.0.0.1")


def test_a_wrong_file_of_accounts_or_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("{")
    assert "accounts.json is no JSON" in run(tmp_path).stderr
    file = tmp_path / "file"
    file.touch()
    answer = run(file)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"smtp_port": 99999}'])
def test_a_damaged_world_json_is_replaced(tmp_path: Path, damage: str) -> None:
    (tmp_path / "world.json").write_text(damage)
    with SandboxWorld(tmp_path, ["me@acme.test"]) as world:
        assert world.accounts == {"me@acme.test": "sandbox"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_with_clients_in_the_line(tmp_path: Path, number: signal.Signals) -> None:
    with SandboxWorld(tmp_path, ["me@acme.test"]) as world, mailbox(world, "me@acme.test") as client:
        client.select_folder("INBOX")
        client.idle()
        before = time.monotonic()
        os.kill(world.info.pid, number)
        assert world._process.wait(5) == 0
        assert time.monotonic() - before < 3
        client.shutdown()


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from sending.sandbox.world import SandboxWorld\n"
        "with SandboxWorld(Path(sys.argv[1]), ['me@acme.test']) as world: print(world.info.pid, flush=True);"
        " time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
