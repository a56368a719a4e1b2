"""The picture of a campaign's paths: lanes side by side, and arrows that only lead to the right and down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.sequences.positions import MAIN
from sending.planner.paths.pathways import Arrow, Lane, Stop

_LANE, _NODE, _HEIGHT, _TOP = 250, 200, 58, 74
_GAP, _EDGE = 26, 24  # between two steps, and more of it for each branch
_LONGEST = 30  # characters of a label


@dataclass(frozen=True, slots=True)
class Box:
    """A step, from the left top corner of its rectangle."""

    stop: Stop
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A way from a step to another, or to an end: a path of SVG. label: at its place, empty along a path."""

    way: str
    label: str = ""
    x: int = 0
    y: int = 0
    is_answer: bool = False
    tip: tuple[int, int] | None = None  # where its arrow head is; None at an end
    end: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn."""

    width: int
    height: int
    lanes: Sequence[tuple[Lane, int]]  # with the left edge of each
    boxes: Sequence[Box]
    lines: Sequence[Line]
    node_width: int = _NODE
    node_height: int = _HEIGHT


def picture_of(lanes: Sequence[Lane]) -> Picture:
    """Return the picture of the lanes, by number. A path begins below the lowest step that leads to it."""
    rows = _rows(lanes)
    heights = _heights(lanes, rows)
    left = {lane.number: place * _LANE for place, lane in enumerate(lanes)}
    boxes = [
        Box(stop, left[lane.number] + (_LANE - _NODE) // 2, heights[rows[stop.step.position]])
        for lane in lanes
        for stop in lane.stops
    ]
    first = {lane.number: lane.stops[0].step.position for lane in lanes if lane.stops}
    at = {box.stop.step.position: box for box in boxes}
    lines = []
    slots = Counter[int]()  # of each row: no two branches share a height
    for lane in lanes:
        for place, stop in enumerate(lane.stops):
            box = at[stop.step.position]
            if place + 1 < len(lane.stops):
                lines.append(_along(box, at[lane.stops[place + 1].step.position]))
            for arrow in stop.arrows:
                target = at.get(first.get(arrow.branch.path, 0)) if arrow.branch.path is not None else None
                slots[rows[stop.step.position]] += 1
                lines.append(_away(box, arrow, slots[rows[stop.step.position]], target))
    last = max(heights, default=0)
    height = heights.get(last, _TOP) + _HEIGHT + _GAP + _EDGE * slots[last]
    return Picture(len(lanes) * _LANE, height, [(lane, left[lane.number]) for lane in lanes], boxes, lines)


def _rows(lanes: Sequence[Lane]) -> dict[int, int]:
    """Return the row of each step, by its position."""
    rows: dict[int, int] = {}
    begins: dict[int, int] = {MAIN: 0}
    for lane in lanes:
        for place, stop in enumerate(lane.stops):
            row = begins.get(lane.number, 0) + place
            rows[stop.step.position] = row
            for arrow in stop.arrows:
                if arrow.branch.path is not None:
                    begins[arrow.branch.path] = max(begins.get(arrow.branch.path, 0), row + 1)
    return rows


def _heights(lanes: Sequence[Lane], rows: Mapping[int, int]) -> dict[int, int]:
    """Return where each row begins: as far below the one before as its branches need."""
    count = Counter[int]()
    for lane in lanes:
        for stop in lane.stops:
            count[rows[stop.step.position]] += len(stop.arrows)
    heights, y = {}, _TOP
    for row in range(max(rows.values(), default=-1) + 1):
        heights[row] = y
        y += _HEIGHT + _GAP + _EDGE * count[row]
    return heights


def _along(box: Box, to: Box) -> Line:
    x = box.x + _NODE // 2
    return Line(f"M{x} {box.y + _HEIGHT}V{to.y - 7}", tip=(x, to.y))


def _away(box: Box, arrow: Arrow, slot: int, to: Box | None) -> Line:
    x, y = box.x + _NODE // 2, box.y + _HEIGHT + _EDGE * slot
    words = arrow.words if len(arrow.words) <= _LONGEST else f"{arrow.words[: _LONGEST - 1]}…"
    label, is_answer = f"{words} ({'≥ ' if arrow.at_least else ''}{arrow.taken:,})", arrow.branch.reply is not None
    if to is None:
        end = (box.x + _NODE + 8, y)
        return Line(f"M{x} {box.y + _HEIGHT}V{y}H{end[0]}", label, x + 6, y - 6, is_answer, end=end)
    tip = (to.x + _NODE // 2, to.y)
    return Line(f"M{x} {box.y + _HEIGHT}V{y}H{tip[0]}V{tip[1] - 7}", label, x + 6, y - 6, is_answer, tip=tip)
