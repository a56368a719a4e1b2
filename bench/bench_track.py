"""Tracking: clicks and opens a second beside a bare Django view; a million hits whose worker is killed 20 times."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import IO
from uuid import uuid4

from django.db import connection
from django.db.models import Min
from django.test.utils import setup_databases, teardown_databases

from bench.flusher import JUDGING, WRITING
from outreach.embedded.ports import free_port
from outreach.kit import clock
from outreach.kit.tokens import instance_signer
from sending.ledger.models import Event
from sending.links.addresses import CLICK, OPEN
from sending.links.services import keep_destinations
from sending.outbox.models import OutboundMessage
from sending.tracking import buffer
from sending.tracking.hits import Seen
from sending.tracking.models import Hit
from sending.tracking.services import KINDS
from sending.tracking.states import HitKind, Judgement
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_message,
    make_step,
    make_workspace,
)
from tests.sending.ledger.recount import recounted, tallied

HOST = "go.bench.test"
ROUNDS, REQUESTS, CONNECTIONS = 5, 4_000, 32
HITS = int(os.environ.get("BENCH_HITS", "1000000"))
OF_A_MESSAGE = 1_000  # half of them clicks, half opens
KILLS = 20
MOST_ON_THE_WAY = max(HITS // 20, OF_A_MESSAGE)
PATIENCE_S = 3_600.0
DAY = timedelta(days=1)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"


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
    _carried([message, *_messages(HITS // OF_A_MESSAGE - 1)])


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


def _carried(messages: Sequence[OutboundMessage]) -> None:
    """Let hits in while the process that writes and judges them is killed; each is there once, and counted once.

    At random moments, spread over the whole; in turn one at which it writes, and one at which it judges.
    """
    buffer.client().delete(buffer.STREAM)
    Hit.objects.all().delete()
    dice, kills, coming, entered = random.Random(7), Counter[bytes](), iter(messages), 0
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as says:
        flusher = _Flusher(says)
        try:
            while entered < HITS or _on_the_way():
                assert time.perf_counter() - begun < PATIENCE_S, f"{_on_the_way():,} of {entered:,} hits are left"
                while entered < HITS and _on_the_way() < MOST_ON_THE_WAY:
                    buffer.put(_hits(next(coming)))
                    entered += OF_A_MESSAGE
                number = kills.total()
                is_time = number < KILLS and entered - _on_the_way() >= HITS * number / KILLS
                if is_time and flusher.phase == (wanted := (WRITING, JUDGING)[number % 2]):
                    kills[wanted] += 1
                    flusher.kill()
                    flusher.start()
                time.sleep(dice.random() / 10)
        finally:
            took_s = time.perf_counter() - begun
            flusher.kill()
    writing_us, judging_us = (1e6 * one / HITS for one in flusher.cpu_s.values())
    print(
        f"  {HITS:,} hits, {kills[WRITING]} kills at writing and {kills[JUDGING]} at judging: {_counted()}\n"
        f"  {HITS / took_s:,.0f} a second; CPU of each beside PostgreSQL's: {writing_us:.0f} us to write,"
        f" {judging_us:.0f} us to judge"
    )
    assert kills.total() == KILLS


def _on_the_way() -> int:
    """Return how many hits wait to be written or judged; those that are just being written may count twice."""
    waiting = buffer.client().xlen(buffer.STREAM) * 100  # in this order: none is overlooked
    return int(waiting) + Hit.objects.filter(judgement="").count()


def _counted() -> str:
    """Say what is kept. Raises AssertionError unless each hit is, once, and is counted as the first of its kind was."""
    assert Hit.objects.count() == HITS
    firsts = {
        (pk, KINDS[HitKind(kind), Judgement(judgement)].value): at
        for pk, kind, judgement, at in Hit.objects.values_list("message_id", "kind", "judgement").annotate(Min("at"))
    }
    assert len(firsts) == HITS // OF_A_MESSAGE * len(KINDS)
    told = Event.objects.filter(kind__in=KINDS.values())
    assert told.count() == len(firsts), "each once"
    assert {(pk, kind): at for pk, kind, at in told.values_list("message_id", "kind", "at")} == firsts
    assert tallied() == recounted()
    return f"each written and judged once, {len(firsts):,} firsts told once each, tallies equal to events"


def _hits(message: OutboundMessage) -> list[Seen]:
    """Return hits of each kind by people, machines and whom nobody knows, ten seconds apart."""
    at_s = (clock.now() - DAY).timestamp()
    hit = Seen("", HitKind.CLICK.value, message.pk, 1, at_s, "GET", _BROWSER, "198.51.100.0/24", "")
    found = []
    for place in range(OF_A_MESSAGE):
        kind, who = (HitKind.CLICK, HitKind.OPEN)[place % 2], place // 2 % 3
        found.append(
            replace(
                hit,
                id=uuid4().hex,
                kind=kind.value,
                number=int(kind is HitKind.CLICK),
                at_s=at_s + 10 * place,
                method="HEAD" if who == 1 else "GET",
                agent="" if who == 2 else _BROWSER,
            )
        )
    return found


class _Flusher:
    """The process that writes and judges; one after another."""

    def __init__(self, says: IO[bytes]) -> None:
        """Take the file in which it says what it is at."""
        self.cpu_s = {WRITING: 0.0, JUDGING: 0.0}  # that all have had, without their starts
        self._says = says.fileno()
        self.start()

    def start(self) -> None:
        os.ftruncate(self._says, 0)
        words = [sys.executable, "-m", "bench.flusher", str(connection.settings_dict["NAME"])]
        self._process = subprocess.Popen(words, stdout=self._says)

    @property
    def phase(self) -> bytes:
        """What it is at; empty while it starts."""
        return os.pread(self._says, 1, 0)

    def kill(self) -> None:
        """Kill it; what it did last counts for what it was at."""
        before_s = _cpu_of_children()
        self._process.kill()
        self._process.wait()
        if told := os.pread(self._says, 100, 0).split():
            written_s, judged_s, begun_s = map(float, told[1:])
            self.cpu_s[WRITING] += written_s
            self.cpu_s[JUDGING] += judged_s
            self.cpu_s[told[0]] += _cpu_of_children() - before_s - begun_s


def _cpu_of_children() -> float:
    """Return the seconds of CPU of the children that have ended."""
    times = os.times()
    return times.children_user + times.children_system
