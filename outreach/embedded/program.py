"""The processes of the program itself, as the supervisor runs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from outreach.embedded.ports import serves_pages
from outreach.embedded.process import Service
from outreach.env import ROOT

_THREADS = 8
_PROCESSES = max(2, min(4, os.cpu_count() or 2))
# Asked to end, a courier waits 45 s at most for the answers to what has left; what is cut off becomes "in doubt".
_COURIER_GRACE_S = 60.0
_WORKER_GRACE_S = 30.0


def web(host: str, port: int) -> Service:
    words = (
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "1",
        "--blocking-threads", str(_THREADS), "--no-ws", "--log-level", "error", "outreach.wsgi:application",
    )  # fmt: skip
    return Service("web", _python("granian", *words), ready=serves_pages(host, port), grace_s=8, folder=ROOT)


def worker() -> Service:
    """Return the worker for ticks and sweeps, which never wait behind a server or a long job."""
    return Service("worker", _celery_worker("worker", "celery", 2), grace_s=_WORKER_GRACE_S, folder=ROOT)


def jobs() -> Service:
    """Return the worker for what takes minutes or waits for other servers: reading, imports, checks."""
    return Service("jobs", _celery_worker("jobs", "jobs"), grace_s=_WORKER_GRACE_S, folder=ROOT)


def courier(processes: int = _PROCESSES, *, name: str = "courier") -> Service:
    """Return the worker that delivers. Several on one machine need names of their own."""
    words = _celery_worker(name, "deliver", processes)
    return Service(name, words, grace_s=_COURIER_GRACE_S, folder=ROOT)


def listener() -> Service:
    """Return the process that keeps connections to mailboxes open, and hears of mail at once."""
    words = _python("outreach.cli", "listen")
    return Service("listener", words, ready_line="listening to", grace_s=_WORKER_GRACE_S, folder=ROOT)


def beat() -> Service:
    # Every recurring job is a short interval: nothing is worth remembering in a schedule file.
    words = ("beat", "--scheduler", "celery.beat:Scheduler", "--pidfile=")
    return Service("beat", _celery(*words), folder=ROOT)


def sandbox(module: str, folder: Path) -> Service:
    """Return the local mail world; it keeps its mailboxes in folder."""
    words = _python(module, "--data", str(folder))
    return Service("sandbox", words, ready_line="sandbox ready", ready_s=30, folder=ROOT)


def step(name: str, command: str) -> Service:
    """Return a command of `outreach` that runs to its end."""
    return Service(name, _python("outreach.cli", command), folder=ROOT)


def _celery_worker(name: str, queue: str, processes: int = _PROCESSES) -> tuple[str, ...]:
    return _celery(
        "worker", "--queues", queue, "--hostname", f"{name}@%h", "--concurrency", str(processes),
        "--without-mingle", "--without-gossip",
    )  # fmt: skip


def _celery(*words: str) -> tuple[str, ...]:
    return _python("celery", "--quiet", "--app", "outreach.celery", *words, "--loglevel", "info")


def _python(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", module, *words)
