"""The web process as it runs: granian at a port of this machine, on the tests' database."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from outreach.embedded.ports import free_port
from outreach.embedded.program import web
from tests.sending.tracking.host import NAME

PATIENCE_S = 30.0


@contextmanager
def running(words: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block ends; it listens at the port when the block begins."""
    with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            ends = time.monotonic() + PATIENCE_S
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, process.communicate()[1][-2000:]
                    assert time.monotonic() < ends, "it does not listen"
                    time.sleep(0.05)
            yield process
        finally:
            process.terminate()


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[int]:
    """Run a web process and yield its port. folder: for its files; variables: of its environment."""
    with web_process(folder, **variables) as (_, port):
        yield port


@contextmanager
def web_process(folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a web process, which a test may end; otherwise as serving."""
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    env = {
        **os.environ,
        "OUTREACH_DATA_DIR": str(folder),
        "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
        "OUTREACH_TRACKING_URL": f"https://{NAME}",
        **variables,
    }
    service = web("127.0.0.1", port := free_port())
    with running(list(service.argv), port, env) as process:
        yield process, port
