"""What a run of the simulation means for one campaign: mails a day by step, the end, and what bound each day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from campaigns.calendar import open_seconds_between
from sending.pacing.scenario import Departure, Idle, Run
from sending.pacing.verdicts import HoldCode

_DAY = timedelta(days=1)
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Bound:
    """What kept more from leaving on a day. mailbox_ids: those it held, the longest held first."""

    code: HoldCode
    mailbox_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """One day with messages: how many of each step, in the order of the steps; bound is None where all had theirs."""

    day: date
    counts: tuple[int, ...]
    bound: Bound | None

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Carried:
    """What one mailbox carries of a campaign: messages in all, on its busiest day, and the day of the last one."""

    total: int
    busiest: int
    last: date


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to come of a campaign. left: who still waits when the forecast ends; 0 where it reaches the finish.

    coming: the first that leave, in order.
    """

    positions: tuple[int, ...]
    days: tuple[ForecastDay, ...]
    next_at: datetime | None
    ends_at: datetime | None  # the last message that is foreseen
    left: int
    carried: Mapping[int, Carried] = field(default_factory=dict)  # by mailbox
    coming: tuple[Departure, ...] = ()

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def busiest(self) -> int:
        return max((day.total for day in self.days), default=0)

    @property
    def binding(self) -> tuple[HoldCode, int] | None:
        """What bound most of its days, and how many; None where whoever is due has theirs each day."""
        codes = Counter(day.bound.code for day in self.days if day.bound)
        return codes.most_common(1)[0] if codes else None


def forecast_of(run: Run, campaign_id: int, positions: Sequence[int], zone: tzinfo) -> Forecast:
    """Return what the run means for a campaign, by the days of a zone."""
    own = [one for one in run.departures if one.campaign_id == campaign_id]
    counts: dict[date, Counter[int]] = defaultdict(Counter)
    for one in own:
        counts[one.at.astimezone(zone).date()][one.position] += 1
    bounds = _bounds([one for one in run.idles if one.campaign_id == campaign_id], zone)
    days = tuple(
        ForecastDay(day, tuple(counts[day][position] for position in positions), bounds.get(day))
        for day in sorted(counts)
    )
    return Forecast(
        positions=tuple(positions),
        days=days,
        next_at=own[0].at if own else None,
        ends_at=own[-1].at if own else None,
        left=run.left.get(campaign_id, 0),
        carried=_carried(own, zone),
        coming=tuple(own[:_SHOWN]),
    )


def _carried(own: Sequence[Departure], zone: tzinfo) -> dict[int, Carried]:
    days: dict[int, Counter[date]] = defaultdict(Counter)
    for one in own:
        days[one.mailbox_id][one.at.astimezone(zone).date()] += 1
    return {pk: Carried(some.total(), max(some.values()), max(some)) for pk, some in days.items()}


def _bounds(idles: Sequence[Idle], zone: tzinfo) -> dict[date, Bound]:
    """Return what bound each day: the limit that held longest within the windows, else the pauses, else nothing.

    Gaps and turns follow each message, so they bound a day only where somebody was still due when the windows closed.
    """
    held: dict[date, dict[HoldCode, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    paused: dict[date, dict[HoldCode, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    overdue: dict[date, Counter[int]] = defaultdict(Counter)
    for one in idles:
        if one.code is HoldCode.WINDOW:
            overdue[one.begin.astimezone(zone).date()][one.mailbox_id] += 1
        elif one.code in _PAUSES:
            day = one.begin.astimezone(zone).date()
            paused[day][one.code][one.mailbox_id] += int((one.end - one.begin).total_seconds())
        else:
            for day, seconds in _by_day(one, zone):
                held[day][one.code][one.mailbox_id] += int(seconds)
    bounds = {
        day: _longest_of(codes) for day, codes in paused.items() if set().union(*codes.values()) & set(overdue[day])
    }
    for day, codes in held.items():
        bound = _longest_of(codes)
        if bound.mailbox_ids:
            bounds[day] = bound
    return bounds


_PAUSES = {HoldCode.GAP, HoldCode.ROTATION}


def _longest_of(codes: Mapping[HoldCode, Counter[int]]) -> Bound:
    code = max(codes, key=lambda one: codes[one].total())
    return Bound(code, _longest(codes[code]))


def _by_day(one: Idle, zone: tzinfo) -> Iterator[tuple[date, float]]:
    """Yield how many seconds of the stretch lie inside the windows of each day."""
    begin = one.begin
    while begin < one.end:
        day = begin.astimezone(zone).date()
        midnight = datetime.combine(day + _DAY, time(), tzinfo=zone).astimezone(begin.tzinfo)
        end = min(one.end, max(midnight, begin + timedelta(seconds=1)))
        yield day, open_seconds_between(one.schedule, one.zone, begin, end)
        begin = end


def _longest(seconds: Counter[int]) -> tuple[int, ...]:
    return tuple(pk for pk, count in seconds.most_common() if count)


def by_week(days: Iterable[ForecastDay]) -> tuple[ForecastDay, ...]:
    """Return the weeks of the days, each named by its Monday, with what bound most of its days."""
    weeks: dict[date, list[ForecastDay]] = defaultdict(list)
    for one in days:
        weeks[one.day - timedelta(days=one.day.weekday())].append(one)
    found = []
    for monday, some in sorted(weeks.items()):
        counts = tuple(sum(column) for column in zip(*(one.counts for one in some), strict=True))
        codes = Counter(one.bound.code for one in some if one.bound)
        most = codes.most_common(1)[0][0] if codes else None
        bound = next((one.bound for one in some if one.bound and one.bound.code is most), None)
        found.append(ForecastDay(monday, counts, bound))
    return tuple(found)
