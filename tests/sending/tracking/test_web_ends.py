"""What becomes of hits that the web process has in memory when it ends: killed, or asked to."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from outreach.kit.tokens import instance_signer
from sending.links.addresses import OPEN
from sending.tracking import buffer
from sending.tracking.hits import read_line
from tests.sending.tracking.host import CHROME, NAME
from tests.sending.tracking.serving import PATIENCE_S, web_process

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = 8  # in Redis, each of a tenth of a second, before the process ends


@contextmanager
def followed(port: int) -> Iterator[list[int]]:
    """Open messages 1, 2, 3 and so on, one after another, until nobody answers; yield those that were answered."""
    answered: list[int] = []

    def open_them() -> None:
        asking, sign = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S), instance_signer().sign
        try:
            for number in count(1):
                asking.request("GET", f"/o/{sign(OPEN, number)}", headers={"Host": NAME, "User-Agent": CHROME})
                assert asking.getresponse().read()
                answered.append(number)
        except (OSError, HTTPException):
            asking.close()

    reader = threading.Thread(target=open_them)
    reader.start()
    yield answered
    reader.join(PATIENCE_S)
    assert not reader.is_alive()


def ended(folder: Path, number: signal.Signals) -> tuple[list[int], list[int], list[float]]:
    """Let a web process end while messages are opened.

    Returns those whose opening was answered, those that are in Redis, and how many seconds after the first hit of an
    entry it was put there.
    """
    client = buffer.client()
    client.delete(buffer.STREAM)
    with web_process(folder) as (process, port), followed(port) as answered:
        last = b"0"
        for _ in range(ENTRIES):
            found: Any = client.xread({buffer.STREAM: last}, block=int(PATIENCE_S * 1000), count=1)
            last = found[0][1][0][0]
        process.send_signal(number)
        process.wait(PATIENCE_S)
    entries: Any = client.xrange(buffer.STREAM)
    client.delete(buffer.STREAM)
    put_at_s = [int(pk.partition(b"-")[0]) / 1000 for pk, _ in entries]
    hits = [read_line(fields[b"h"]) for _, fields in entries]
    waited_s = [at_s - some[0].at_s for at_s, some in zip(put_at_s, hits, strict=True)]
    return answered, [hit.message_id for some in hits for hit in some], waited_s


def test_a_web_process_that_is_killed_loses_the_hits_of_its_last_round_and_no_others(tmp_path: Path) -> None:
    answered, kept, waited_s = ended(tmp_path, signal.SIGKILL)
    assert len(waited_s) >= ENTRIES
    assert kept[: len(answered)] == answered[: len(kept)], "whatever is missing came last"
    # A round is as long as is said, but for what a busy machine adds: to the fastest one, next to nothing.
    assert min(waited_s) < buffer.EVERY_S * 1.5


def test_a_web_process_that_is_asked_to_end_loses_none(tmp_path: Path) -> None:
    answered, kept, _ = ended(tmp_path, signal.SIGTERM)
    assert kept[: len(answered)] == answered
