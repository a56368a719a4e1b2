"""Figures of a domain's reports: its days as columns, and each source's share that passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from outreach.kit.words import plural
from sending.dmarc.judging.sources import Judged, Origin
from sending.dmarc.queries import Day

WIDTH, HEIGHT = 1000, 180
_LABELS: Mapping[Origin, tuple[str, str]] = {  # with the state whose tone it has
    Origin.OURS: ("Yours", "ok"),
    Origin.PROVIDER: ("A provider that your SPF names", "ok"),
    Origin.SIGNER: ("Signs with your key", "warn"),
    Origin.FORWARDER: ("Forwarder", "info"),
    Origin.UNKNOWN: ("Unknown sender", "failed"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A source with what its row shows. passed, failed: in percent of its messages."""

    judged: Judged
    label: str
    state: str
    passed: float
    failed: float


def lines_of(sources: Sequence[Judged]) -> list[Line]:
    """Return the rows of a table of sources."""
    shares = [(one, round(100 * one.source.aligned / one.source.messages, 1)) for one in sources]
    return [Line(one, *_LABELS[one.origin], share, round(100 - share, 1)) for one, share in shares]


@dataclass(frozen=True, slots=True)
class Column:
    """A day: where it stands, how high its two parts are, and its words."""

    x: float
    width: float
    passed_y: float
    passed: float
    failed_y: float
    failed: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All days, each in its place. highest: messages of the highest column."""

    columns: Sequence[Column]
    highest: int
    first: date
    last: date


def chart_of(days: Sequence[Day]) -> Chart | None:
    """Return the chart of the days in their order; None where none was reported."""
    if not days:
        return None
    first, last = days[0].day, days[-1].day
    step = WIDTH / ((last - first).days + 1)
    highest = max(one.messages for one in days)
    columns = []
    for one in days:
        passed, failed = (HEIGHT * number / highest for number in (one.aligned, one.messages - one.aligned))
        words = f"{one.day:%a} {one.day.day} {one.day:%b}: {plural(one.messages, 'message')}, {one.aligned:,} passed"
        columns.append(
            Column(
                x=round(((one.day - first).days + 0.1) * step, 1), width=round(step * 0.8, 1),
                passed_y=round(HEIGHT - passed, 1), passed=round(passed, 1),
                failed_y=round(HEIGHT - passed - failed, 1), failed=round(failed, 1), words=words,
            )
        )  # fmt: skip
    return Chart(columns, highest, first, last)
