"""One TLS connection with a sign-in for each of 1,000 mailboxes, one message on it: the SMTP part alone.

Beside it the usual way: smtplib in ten threads, one SSLContext for all (a context for each would cost 25 times more).
Both talk to the same server of ours, which runs apart. They take turns, and the median of the rounds is told, since the
machine changes meanwhile.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from statistics import median

from django.utils.timezone import now

from bench.timing import Figure, timed
from outreach.kit import loops
from sending.sandbox.authority import Certificate, certificate
from sending.smtp import Accepted, Envelope, Message, Security, Server, Session, build, make_message_id

MAILBOXES = 1_000
THREADS = 10
AT_ONCE = 100  # of a worker, whose loop serves a hundred mailboxes
WORKERS = 2  # processes, one for each core, as a stack runs them
ROUNDS = 5
_LINE = "One short question about how you do this today. " * 4


def main() -> None:
    """Print messages/s and CPU of both ways, and the ratios."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(WORKERS) as pool:
        papers = certificate(Path(folder))
        sink, port = start_sink(papers)
        try:
            print(f"send one message over TLS, signed in, from each of {MAILBOXES:,} mailboxes")
            contents = [content(number) for number in range(MAILBOXES)]
            ca_pem = papers.ca.read_text()
            ways: dict[str, Callable[[], Figure]] = {
                f"ours: Session over aiosmtplib, {WORKERS} workers, {AT_ONCE} at once": partial(
                    send_by_workers, pool, port, ca_pem, contents
                ),
                f"ours: one worker, {AT_ONCE} at once": partial(
                    timed, partial(send_ours, port, ca_pem, contents), MAILBOXES
                ),
                f"smtplib, {THREADS} threads, one SSLContext": partial(
                    timed, partial(send_peer, port, papers.ca, contents), MAILBOXES
                ),
            }
            rounds = [[way() for way in ways.values()] for _ in range(ROUNDS + 1)][1:]  # the first one warms
        finally:
            sink.terminate()
            sink.wait()
    figures = [_typical(found) for found in zip(*rounds, strict=True)]
    for name, figure in zip(ways, figures, strict=True):
        print(figure.line(name))
    *ours, peer = figures
    rates, cpu = (peer.wall_s / one.wall_s for one in ours), (peer.cpu_s / one.cpu_s for one in ours)
    print(
        f"  ours / peer: {', '.join(f'{ratio:.2f}' for ratio in rates)} in messages/s,"
        f" {', '.join(f'{ratio:.2f}' for ratio in cpu)} in CPU"
    )


def _typical(figures: Sequence[Figure]) -> Figure:
    return Figure(MAILBOXES, median(one.wall_s for one in figures), median(one.cpu_s for one in figures))


def start_sink(papers: Certificate) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server that takes every message over TLS; return it and its port."""
    command = [sys.executable, "-m", "bench.sink", str(papers.cert), str(papers.key)]
    sink = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert sink.stdout is not None
    return sink, int(sink.stdout.readline())


def content(number: int) -> bytes:
    """Return a message of text and HTML."""
    return build(
        Message(
            from_address=f"sender{number}@example.com",
            to_address=f"person{number}@example.org",
            subject="A question",
            text=f"{_LINE}\n\n{_LINE}\n",
            html=f"<p>{_LINE}</p>\n<p>{_LINE}</p>\n",
            message_id=make_message_id("example.com", f"bench{number}"),
            date=now(),
        )
    )


def send_by_workers(pool: ProcessPoolExecutor, port: int, ca_pem: str, contents: list[bytes]) -> Figure:
    """Share the mailboxes out among the worker processes."""
    begun = time.perf_counter()
    parts = [pool.submit(_cpu_of_ours, port, ca_pem, contents[number::WORKERS]) for number in range(WORKERS)]
    cpu_s = sum(part.result() for part in parts)
    return Figure(MAILBOXES, time.perf_counter() - begun, cpu_s)


def _cpu_of_ours(port: int, ca_pem: str, contents: list[bytes]) -> float:
    before = time.process_time()
    send_ours(port, ca_pem, contents)
    return time.process_time() - before


def send_ours(port: int, ca_pem: str, contents: list[bytes]) -> None:
    """Send each message over a connection of its own, in one event loop."""

    async def one(number: int, places: asyncio.Semaphore) -> None:
        server = Server(
            host="127.0.0.1",
            port=port,
            security=Security.TLS,
            username=f"sender{number}@example.com",
            password="a password",  # of nobody
            ca_pem=ca_pem,
            private=(ip_network("127.0.0.0/8"),),
        )
        envelope = Envelope(f"sender{number}@example.com", f"person{number}@example.org", str(number))
        async with places:
            session = await Session.open(server)
            outcome = await session.send(envelope, contents[number], before_dot=yes)
            await session.close()
        assert isinstance(outcome, Accepted), outcome

    async def yes() -> bool:
        return True

    async def everybody() -> None:
        places = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(one(number, places) for number in range(len(contents))))

    loops.run(everybody())


def send_peer(port: int, ca: Path, contents: list[bytes]) -> None:
    """Do the same with the standard library, in ten threads."""
    context = ssl.create_default_context(cafile=str(ca))

    def one(number: int) -> None:
        with smtplib.SMTP_SSL("127.0.0.1", port, context=context) as client:
            client.login(f"sender{number}@example.com", "a password")
            client.sendmail(f"sender{number}@example.com", f"person{number}@example.org", contents[number])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(MAILBOXES)))
