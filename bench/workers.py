"""The parts that a bench runs beside itself: worker processes, and a server that takes every message."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO

from django.db import connection

from bench.timing import Figure
from outreach.embedded.ports import free_port

PATH = os.environ.get("PATH", "") + ":/usr/sbin"
SINK = shutil.which("smtp-sink", path=PATH)


def run_workers(count: int, messages: int, *, mailboxes: int) -> tuple[Figure, float]:
    """Let so many workers, with a journal each, deliver everything that is due, for so many mailboxes at a time.

    The time runs from their first claim on. Returns what they took and the most memory that one of them had, in MB.
    """
    with tempfile.TemporaryDirectory() as journals:
        command = [
            sys.executable, "-m", "bench.courier", connection.settings_dict["NAME"], str(mailboxes), journals,
        ]  # fmt: skip
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        try:
            for worker in workers:
                assert _out(worker).readline() == "ready\n"
            begun = time.perf_counter()
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
            told = [_out(worker).readline().split() for worker in workers]
            cpu_s, peak_mb = sum(float(cpu) for cpu, _ in told), max(float(peak) for _, peak in told)
            return Figure(messages, time.perf_counter() - begun, cpu_s), peak_mb
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()


def start_sink() -> tuple[subprocess.Popen[bytes], int]:
    """Start a server that takes every message; return it and its port."""
    if not SINK:
        sink = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert sink.stdout is not None
        return sink, int(sink.stdout.readline())
    port = free_port()
    account = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = subprocess.Popen([SINK, *account, f"127.0.0.1:{port}", "1000"])
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return sink, port
        time.sleep(0.05)
    sink.terminate()
    raise SystemExit("smtp-sink does not answer")


def _out(worker: subprocess.Popen[str]) -> IO[str]:
    assert worker.stdout is not None
    return worker.stdout
