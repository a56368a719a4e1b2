"""Throw-away PostgreSQL and Valkey for a test run, or for a command: `python -m tests.servers COMMAND ...`
(`--durable` before it: with all of PostgreSQL's safety against crashes, as measurements need it).

Loaded with `-p tests.servers`, because pytest-django reads the settings before any conftest. Each run has its
own servers in its own temporary folder, on free ports, so several runs in one tree do not meet; those of one
run are shared by the workers of pytest-xdist. A keeper process owns the servers and clears everything away
when the run ends, however it ends: its standard input closes, even when pytest is killed with SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from outreach.embedded.faults import Fault
from outreach.embedded.ports import start_on_free_port
from outreach.embedded.postgres import open_cluster, postgres_service, postgres_url
from outreach.embedded.process import Child
from outreach.embedded.valkey import valkey_service, valkey_url
from tests.needs import (
    pytest_make_collect_report,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_terminal_summary,
)

__all__ = [
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_terminal_summary",
]

_ROOT = Path(__file__).resolve().parent.parent
_OURS = ("OUTREACH_", "DATABASE_URL", "REDIS_URL")
_stack = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """Start the servers before the settings are read; a worker of pytest-xdist finds those of its run."""
    _keep_bytecode()
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _own_redis_database(worker)
    elif not {"--help", "-h", "--version", "--fixtures", "--markers"} & set(args):
        os.environ.update(_stack.enter_context(throw_away_servers()))


def pytest_unconfigure() -> None:
    _stack.close()


def _keep_bytecode() -> None:
    """Compile the program and its tests once, not in each process of each run: that is half of what a start costs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _own_redis_database(worker: str) -> None:
    """Give each worker ("gw3") a Redis database of its own, as pytest-django does for PostgreSQL."""
    base, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{base}/{1 + int(worker.removeprefix('gw')) % 63}"


@contextlib.contextmanager
def throw_away_servers(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Valkey while the block lasts; yield the variables that lead to them.

    What the caller's environment says about another instance is removed from os.environ.
    """
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        del os.environ[name]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers", "--keep", *(("--durable",) if durable else ())],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests: the servers end after them
    ) as keeper:
        assert keeper.stdin
        assert keeper.stdout
        try:
            answer = keeper.stdout.readline()
            if not answer:
                raise pytest.UsageError("The servers for the tests did not start; the reason stands above.")
            yield json.loads(answer)
        finally:
            keeper.stdin.close()
            keeper.wait(60)


async def _keep(*, durable: bool) -> int:
    """Serve until standard input closes or a signal asks to end."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, done.set)
    loop.add_reader(sys.stdin.fileno(), done.set)
    folder = Path(tempfile.mkdtemp(prefix="outreach-tests-"))
    children: list[Child] = []
    try:
        (folder / "static").mkdir()  # the place for collected files must exist
        variables = await _start(folder, children, durable=durable)
        print(json.dumps(variables), flush=True)  # noqa: T201  the answer that the parent process waits for
        await done.wait()
    except Fault as fault:
        print(f"tests: {fault}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        await asyncio.gather(*(child.stop() for child in children))
        shutil.rmtree(folder, ignore_errors=True)
    return 0


async def _start(folder: Path, children: list[Child], *, durable: bool) -> dict[str, str]:
    password = secrets.token_urlsafe(18)
    cluster = await asyncio.to_thread(open_cluster, folder / "postgres", password=password, durable=durable)
    postgres, postgres_port = await start_on_free_port(
        lambda port: postgres_service(cluster, port=port, durable=durable), _silent
    )
    children.append(postgres)
    valkey, valkey_port = await start_on_free_port(
        lambda port: valkey_service(folder / "valkey.conf", port=port, password=password), _silent
    )
    children.append(valkey)
    return {
        "DATABASE_URL": postgres_url(postgres_port, password),
        "REDIS_URL": valkey_url(valkey_port, password),
        "OUTREACH_DATA_DIR": str(folder),
        "OUTREACH_SECRET_KEY": secrets.token_urlsafe(48),
        "OUTREACH_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "OUTREACH_PRIVATE_NETWORKS": "127.0.0.0/8 ::1/128",
        "OUTREACH_TRACKING_URL": "https://go.example.net",
    }


def _silent(_name: str, _line: str) -> None:
    """Drop what the servers log: a failed start tells its last line by itself."""


def _main(words: list[str]) -> int:
    durable = "--durable" in words[:1] or words == ["--keep", "--durable"]
    if words[:1] == ["--keep"]:
        return asyncio.run(_keep(durable=durable))
    words = words[1:] if durable else words
    if not words:
        print("usage: python -m tests.servers [--durable] COMMAND [ARGUMENT ...]", file=sys.stderr)  # noqa: T201
        return 2
    with throw_away_servers(durable=durable) as variables:
        return subprocess.call(words, env={**os.environ, **variables})


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
