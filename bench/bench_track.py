"""Tracking: clicks and opens a second beside a bare Django view; a million hits whose flusher is killed 20 times."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from outreach.embedded.ports import free_port
from outreach.kit import clock
from outreach.kit.tokens import instance_signer
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.links.addresses import CLICK, OPEN
from sending.links.services import keep_destinations
from sending.outbox.models import OutboundMessage
from sending.tracking import buffer
from sending.tracking.hits import Seen
from sending.tracking.models import Hit
from sending.tracking.services import judge_due
from sending.tracking.states import HitKind
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_message,
    make_step,
    make_workspace,
)

HOST = "go.bench.test"
ROUNDS, REQUESTS, CONNECTIONS = 5, 4_000, 32
HITS = int(os.environ.get("BENCH_HITS", "1000000"))
OF_A_MESSAGE = 1_000  # half of them clicks, half opens
KILLS = 20
_TOLD = (EventKind.CLICKED, EventKind.OPENED)
DAY = timedelta(days=1)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
_FLUSHER = "import django; django.setup()\nfrom sending.tracking.storing import flush\nwhile True: flush()"


def main() -> None:
    """Print requests per second with their slowest hundredth, and what is left of a million hits."""
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        _run()
    finally:
        teardown_databases(databases, verbosity=0)


def _run() -> None:
    message = _message()
    (number,) = keep_destinations({(message.workspace_id, "https://acme.example/prices")}).values()
    sign = instance_signer().sign
    paths = {"open": f"/o/{sign(OPEN, message.pk)}", "click": f"/c/{sign(CLICK, message.pk, number)}"}
    buffer.client().delete(buffer.STREAM)
    _serve(paths)
    _flushed([message, *_messages(HITS // OF_A_MESSAGE - 1)])


def _serve(paths: dict[str, str]) -> None:
    print(f"track: {REQUESTS:,} requests over {CONNECTIONS} connections to one web process, {ROUNDS} rounds in turn")
    told: dict[str, list[tuple[float, float]]] = {"bare view": [], **{name: [] for name in paths}}
    with (
        _server("bench.bare:application", BENCH_SERVES="bare", DJANGO_SETTINGS_MODULE="bench.bare_settings") as bare,
        _server("outreach.wsgi:application", OUTREACH_TRACKING_URL=f"http://{HOST}") as ours,
    ):
        for _ in range(ROUNDS):
            told["bare view"].append(asyncio.run(_load(bare, paths["open"])))
            for name, path in paths.items():
                told[name].append(asyncio.run(_load(ours, path)))
    rate = {name: statistics.median(one for one, _ in rounds) for name, rounds in told.items()}
    for name, rounds in told.items():
        slow = statistics.median(slow for _, slow in rounds) * 1000
        print(f"  {name:<20} {rate[name]:>8,.0f} a second   p99 {slow:6.1f} ms   {rate[name] / rate['bare view']:.2f}")


@contextlib.contextmanager
def _server(application: str, **variables: str) -> Iterator[int]:
    port = free_port()
    words = (
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "8", "--no-ws", "--log-level", "error", application,
    )  # fmt: skip
    database = {**os.environ, "DATABASE_URL": _url(), **variables}
    with subprocess.Popen(words, env=database) as process:
        try:
            _await(port)
            yield port
        finally:
            process.terminate()


def _url() -> str:
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{base}/{connection.settings_dict['NAME']}"


def _await(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            asyncio.run(_once(port))
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


async def _once(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def _load(port: int, path: str) -> tuple[float, float]:
    """Ask over connections that stay open; return requests a second, and the slowest hundredth in seconds."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {_BROWSER}\r\n\r\n".encode()
    took: list[float] = []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(REQUESTS // CONNECTIONS):
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head[9:12] in {b"200", b"302"}, head
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            await reader.readexactly(size)
            took.append(time.perf_counter() - begun)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return len(took) / (time.perf_counter() - begun), sorted(took)[-len(took) // 100]


def _message() -> OutboundMessage:
    return _messages(1)[0]


def _messages(count: int) -> list[OutboundMessage]:
    workspace = make_workspace(f"track{count}")
    campaign = make_campaign(workspace)
    step, mailbox, at = make_step(campaign), make_mailbox(workspace, f"me@track{count}.example"), clock.now() - 2 * DAY
    people = (make_enrollment(campaign, make_contact(workspace, f"track{n}@x.test")) for n in range(count))
    return [make_message(one, step, mailbox, at=at) for one in people]


def _flushed(messages: Sequence[OutboundMessage]) -> None:
    """Write hits down while the process that does so is killed; each has to be there once, and be counted."""
    buffer.client().delete(buffer.STREAM)
    Hit.objects.all().delete()
    for message in messages:
        buffer.put(_hits(message))
    entries = buffer.client().xlen(buffer.STREAM)
    begun, kills, chance = time.perf_counter(), 0, random.Random(7)
    flusher, cpu_s = _start(), 0.0
    while (left := buffer.client().xlen(buffer.STREAM)) > 0:
        time.sleep(0.02)
        if kills < KILLS and entries - left >= entries * (kills + chance.random()) / (KILLS + 1):
            cpu_s += _killed(flusher)
            kills += 1
            flusher = _start()
    took_s = time.perf_counter() - begun
    cpu_s += _killed(flusher)
    written = Hit.objects.count()
    begun, before_s = time.perf_counter(), time.process_time()
    while judge_due():
        pass
    judging_s, judging_cpu_s = time.perf_counter() - begun, time.process_time() - before_s
    judged = Hit.objects.exclude(judgement="").count()
    told = [sum(totals(pk)[kind] for pk in {one.workspace_id for one in messages}) for kind in _TOLD]
    print(
        f"  {HITS:,} hits, {kills} kills: {written:,} written, {judged:,} judged, {told[0]:,} and {told[1]:,} counted"
    )
    print(f"  written {HITS / took_s:,.0f} a second, {1e6 * cpu_s / HITS:.0f} us of CPU each beside PostgreSQL's")
    print(f"  judged {HITS / judging_s:,.0f} a second, {1e6 * judging_cpu_s / HITS:.0f} us of CPU each")
    assert (written, judged, told) == (HITS, HITS, [len(messages)] * 2)


def _hits(message: OutboundMessage) -> list[Seen]:
    at_s = (clock.now() - DAY).timestamp()
    hit = Seen("", HitKind.CLICK.value, message.pk, 1, at_s, "GET", _BROWSER, "198.51.100.0/24", "")
    kinds = [HitKind.CLICK.value, HitKind.OPEN.value] * (OF_A_MESSAGE // 2)
    return [
        replace(hit, id=uuid4().hex, kind=kind, number=int(kind == HitKind.CLICK), at_s=at_s + 10 * place)
        for place, kind in enumerate(kinds)
    ]


def _killed(process: subprocess.Popen[bytes]) -> float:
    """Kill a process; return the seconds of CPU that it had."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.kill()
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _FLUSHER], env={**os.environ, "DATABASE_URL": _url()})
