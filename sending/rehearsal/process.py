"""The process of a rehearsal, seen from both sides: what it does with its orders, and how a worker starts it."""

from __future__ import annotations

import gc
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from django.db import connection

from sending.rehearsal.curtain import shut_for_good
from sending.rehearsal.errors import RehearsalError, TookTooLong
from sending.rehearsal.performance import Orders, perform
from sending.rehearsal.script import Script
from sending.rehearsal.telling import Told, line_of, read_line
from sending.sandbox.behaviour import Behaviour

_PROGRAM = "sending.rehearsal"
_AROUND_S = 300.0  # for the stage and the report, beside the play
_MOMENT_S = 0.5
_PIECE = 64 * 1024
_MOST_BYTES = 64 * 1024 * 1024  # of a line
_NOT_PASSED_ON = frozenset({"OUTREACH_JOURNAL_DIR_FILE", "DJANGO_SETTINGS_MODULE"})
# A process without its folder has no journal to write to and no key to the guard; the stage has no guard either, and
# with a key nothing could be leased there. It is named: what is only left out stands in the run file of `outreach up`.
_NO_JOURNAL = {"OUTREACH_JOURNAL_DIR": os.devnull}


def play_orders(orders: IO[bytes], out: IO[bytes]) -> None:
    """Play what was ordered; each line goes out at once where the clock is told, so that progress can be seen."""
    asked = json.load(orders)
    shut_for_good(asked.pop("database"))
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)  # it lives for a minute and makes hardly a circle
    shares = {Behaviour(name): share for name, share in asked.pop("shares").items()}
    script = Script(asked.pop("seed"), shares)
    begins_at, until = (datetime.fromisoformat(asked.pop(name)) for name in ("begins_at", "until"))

    def tell(told: Told) -> None:
        out.write(line_of(told))
        out.flush()

    perform(Orders(begins_at=begins_at, until=until, script=script, **asked), tell)


@contextmanager
def played(orders: Orders) -> Iterator[Iterator[Told | None]]:
    """Have the orders played by a process of its own; yields what it tells. It ends with the block.

    The iterator gives None where nothing was told for a moment. It raises RehearsalError when the process ends before
    its time, TookTooLong when it does not end within it.
    """
    process = subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-P", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    try:
        assert process.stdin is not None
        process.stdin.write(_words(orders))
        process.stdin.close()
        yield _told(process, orders.most_s + _AROUND_S)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _told(process: subprocess.Popen[bytes], most_s: float) -> Iterator[Told | None]:
    for line in lines_of(process, time.monotonic() + most_s):
        yield None if line is None else read_line(line)
    if process.wait() != 0:
        raise RehearsalError(f"the process of the rehearsal ended with {process.returncode}")


def lines_of(process: subprocess.Popen[bytes], stop_at: float) -> Iterator[bytes | None]:
    """Yield the lines of the process, None after each moment without one. Raises TookTooLong."""
    assert process.stdout is not None
    pipe, kept = process.stdout.fileno(), bytearray()
    while True:
        left = stop_at - time.monotonic()
        if left <= 0:
            raise TookTooLong("the process of the rehearsal did not end in time")
        if not select.select([pipe], [], [], min(_MOMENT_S, left))[0]:
            yield None
            continue
        piece = os.read(pipe, _PIECE)
        if not piece:
            return
        kept += piece
        if len(kept) > _MOST_BYTES:
            raise RehearsalError("the process of the rehearsal tells a line without an end")
        while (end := kept.find(b"\n")) >= 0:
            yield bytes(kept[:end])
            del kept[: end + 1]


def _words(orders: Orders) -> bytes:
    return json.dumps(
        {
            "database": connection.settings_dict["NAME"],
            "campaign_id": orders.campaign_id,
            "begins_at": orders.begins_at.isoformat(),
            "until": orders.until.isoformat(),
            "seed": orders.script.seed,
            "shares": {kind.value: share for kind, share in orders.script.shares.items()},
            "most": orders.most,
            "most_s": orders.most_s,
        }
    ).encode()


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    return {**own, **_NO_JOURNAL, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
