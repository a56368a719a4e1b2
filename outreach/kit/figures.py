"""The geometry of the small SVG figures: shares of a bar, the line of a sparkline, the axis of a chart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outreach.kit.looks import Look, look_of

SPARK_WIDTH, SPARK_HEIGHT = 100.0, 28.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar; start and share are percent of its length."""

    state: str
    look: Look
    count: int
    start: float
    share: float


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline in a box of SPARK_WIDTH x SPARK_HEIGHT, as SVG path data."""

    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Column:
    """A day of a column chart: its segments count percent of the chart's height, from the bottom."""

    label: str
    total: int
    segments: Sequence[Segment]
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Columns:
    """A column chart; `ticks` are (value, percent of the height), `states` what the legend names."""

    columns: Sequence[Column]
    ticks: Sequence[tuple[int, float]]
    states: Sequence[tuple[str, Look]]


def share(part: float, whole: float) -> float:
    """Return part / whole in percent, kept between 0 and 100; 0 of nothing."""
    return round(min(100.0, max(0.0, 100 * part / whole)), 3) if whole > 0 else 0.0


def segments(counts: Iterable[tuple[str, int]], *, whole: int = 0) -> list[Segment]:
    """Lay (state, count) pairs end to end; `whole` is the length, by default their sum. Zeros are left out."""
    known = [(str(state), count) for state, count in counts if count > 0]
    length = max(whole, sum(count for _, count in known))
    laid, start = [], 0
    for state, count in known:
        laid.append(Segment(state, look_of(state), count, share(start, length), share(count, length)))
        start += count
    return laid


def spark(values: Sequence[float]) -> Spark:
    """Draw values as a line from left to right; the bottom is zero, the top is the largest value."""
    if not values:
        return Spark("", "")
    top = max(*values, 0) or 1
    step = SPARK_WIDTH / max(1, len(values) - 1)
    points = [
        (round(index * step, 2), round(SPARK_HEIGHT - 1 - max(0, value) / top * (SPARK_HEIGHT - 3), 2))
        for index, value in enumerate(values if len(values) > 1 else [values[0]] * 2)
    ]
    if len(values) == 1:
        points[1] = (SPARK_WIDTH, points[0][1])
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return Spark(line, f"{line}L{SPARK_WIDTH:g} {SPARK_HEIGHT:g}L0 {SPARK_HEIGHT:g}Z")


def columns(days: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Columns:
    """Draw (label, [(state, count), ...]) as stacked columns over an axis with round numbers."""
    totals = [sum(max(0, count) for _, count in counts) for _, counts in days]
    top = _round_up(max(totals, default=0))
    slot = 100 / max(1, len(days))
    drawn = [
        Column(label, total, segments(counts, whole=top), round((index + 0.15) * slot, 3), round(slot * 0.7, 3))
        for index, ((label, counts), total) in enumerate(zip(days, totals, strict=True))
    ]
    states = dict.fromkeys(str(state) for _, counts in days for state, count in counts if count > 0)
    ticks = [(value, share(value, top)) for value in ((0, top // 2, top) if top > 1 else (0, top))]
    return Columns(drawn, ticks, [(state, look_of(state)) for state in states])


def _round_up(value: int) -> int:
    """Return the next even number of the row 2, 4, 6, 8, 10, 20, 40, ... for the top of an axis."""
    if value <= 1:
        return 1
    power = 10 ** int(math.log10(value))
    for factor in (1, 2, 4, 6, 8, 10):
        if factor * power >= value and factor * power > 1:
            return factor * power
    return 10 * power
