"""What SpamAssassin thinks of a message, where a daemon of it is configured."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from django.core.cache import cache

from outreach.env import Daemon

try:
    import aiospamc
    from aiospamc.exceptions import ParseError
    from aiospamc.incremental_parser import ResponseParser
    from aiospamc.requests import Request
    from aiospamc.responses import Response, ResponseException
except ImportError:  # the extra "spam" is not installed
    aiospamc = None

# It asks nobody else when it is set up so (dns_available no), and is done within a second; a person waits. All in all,
# the resolution of its name too.
TIMEOUT_S = 3.0
KEPT_S = 24 * 3600
# Longer than an answer takes: whoever died while asking holds the others up no longer.
_TURN_S = 10
MOST_RULES = 50
MOST_BYTES = 2_000_000  # of its answer, which holds the message, too
# " 1.2 RULE_NAME   words", as its report tells each rule; further lines of a rule's words are indented.
_RULE = re.compile(r"^\s*(-?\d{1,4}(?:\.\d+)?) ([A-Z][A-Z0-9_]{1,60})\s+(.*)$")


class NoScore(RuntimeError):
    """The daemon gave no score; the words say why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that has spoken."""

    points: float
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Score:
    """The sum of the rules, the sum from which on a message is junk, and the rules, the heaviest first."""

    points: float
    threshold: float
    rules: Sequence[Rule]

    @property
    def is_spam(self) -> bool:
        return self.points >= self.threshold


def asked_once(workspace_id: int, content: bytes, digest: str, daemon: Daemon) -> Score:
    """Ask about a message once a day, and for one message of a workspace at a time. Raises NoScore, as score_of.

    digest: of what makes the message; its date and its Message-ID are others each time.
    """
    key = f"proofs:spam:{workspace_id}:{daemon.host}:{daemon.port}:{digest}"
    kept = cache.get(key)
    if kept is not None:
        return Score(kept["points"], kept["threshold"], [Rule(**rule) for rule in kept["rules"]])
    turn = f"proofs:spam:turn:{workspace_id}"
    if not cache.add(turn, 1, _TURN_S):
        raise NoScore("SpamAssassin is being asked about another message at this moment. Try again in a few seconds.")
    try:
        score = score_of(content, daemon)
    finally:
        cache.delete(turn)
    cache.set(key, asdict(score), KEPT_S)
    return score


def digest_of(*parts: str) -> str:
    """Return one name for texts that are the same."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def score_of(content: bytes, daemon: Daemon) -> Score:
    """Ask the daemon about a message. Raises NoScore when it is not there, too slow, or not what it seems."""
    if aiospamc is None:
        raise NoScore("The package aiospamc is not installed: install the program with its extra “spam”.")
    try:
        return asyncio.run(_asked(content, daemon))
    except TimeoutError as error:
        raise NoScore(
            f"SpamAssassin at {daemon.host}:{daemon.port} had not answered within {TIMEOUT_S:g} s."
        ) from error
    except (ParseError, ResponseException, OSError, ValueError) as error:
        words = f"SpamAssassin at {daemon.host}:{daemon.port} cannot be reached, or something else listens there."
        raise NoScore(words) from error


async def _asked(content: bytes, daemon: Daemon) -> Score:
    """Ask over a connection of our own: the one of the package reads without end and stays open when it is late."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection(await _address_of(daemon), daemon.port)
        try:
            writer.write(bytes(Request("REPORT", body=content)))
            await writer.drain()
            told = await _read(reader)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
    answer = Response(**ResponseParser().parse(told))
    answer.raise_for_status()
    verdict = answer.headers.spam
    if verdict is None:
        raise ValueError("no verdict in the answer")
    return Score(float(verdict.score), float(verdict.threshold), rules_in(answer.body.decode("utf-8", "replace")))


async def _address_of(daemon: Daemon) -> str:
    """Return the address of the daemon's host.

    The thread that resolves it is left to itself when the time is over: the one of the loop's own pool would be waited
    for at the loop's end, however long it takes.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[str] = loop.create_future()

    def tell(address: str, error: OSError | None) -> None:
        if found.done():
            return
        if error:
            found.set_exception(error)
        else:
            found.set_result(address)

    def resolve() -> None:
        address = ""
        failed: OSError | None = None
        try:
            address = str(socket.getaddrinfo(daemon.host, daemon.port, type=socket.SOCK_STREAM)[0][4][0])
        except OSError as error:
            failed = error
        with suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(tell, address, failed)

    threading.Thread(target=resolve, daemon=True).start()
    return await found


async def _read(reader: asyncio.StreamReader) -> bytes:
    told = b""
    while piece := await reader.read(65_536):
        told += piece
        if len(told) > MOST_BYTES:
            raise ValueError("an answer without end")
    return told


def rules_in(report: str) -> Sequence[Rule]:
    """Return the rules that a report names, the heaviest first; what is no rule is left out."""
    found = [one for line in report.splitlines() if (one := _RULE.match(line))]
    rules = [Rule(float(one[1]), one[2], one[3].strip()[:200]) for one in found[:MOST_RULES]]
    return sorted(rules, key=lambda rule: -rule.points)
