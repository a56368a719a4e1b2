"""Guards of the reputation: too many bounces or complaints warn, then stop the campaign or the mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

# Below these a rate is chance.
ATTEMPTS_FLOOR = 20
BOUNCES_FLOOR = 2
IN_A_ROW = 3
# Google and Yahoo ask senders to stay under 0.1 % and never to reach 0.3 %.
DELIVERED_FLOOR = 1_000
COMPLAINTS_FLOOR = 2
DOMAIN_COMPLAINTS_FLOOR = 3


class Kind(StrEnum):
    """What a guard watches."""

    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True)
class Lines:
    """A rate in percent: where a guard warns, and where it stops."""

    warn: float
    stop: float


# Hard bounces, of attempts.
CAMPAIGN = Lines(warn=2.0, stop=3.0)
MAILBOX = Lines(warn=3.0, stop=5.0)
# Complaints, of messages delivered: of a campaign or a mailbox, and of all mailboxes of a domain together.
COMPLAINTS = Lines(warn=0.08, stop=0.10)
DOMAIN = Lines(warn=0.10, stop=0.30)
# So long a reported day counts: Google mitigates again after seven days below 0.30 %, and not sooner.
REPORT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in seven days, or since a person accepted what had. in_a_row: hard bounces since a success."""

    attempts: int = 0
    bounces: int = 0
    delivered: int = 0
    complaints: int = 0
    in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """A line that is passed, in words. stops: it is the second one."""

    kind: Kind
    words: str
    stops: bool


@dataclass(frozen=True, slots=True)
class ReportedRate:
    """What a provider says that people reported as spam, on one day (UTC) of a domain; between 0 and 1."""

    domain: str
    day: date
    rate: float
    low: float | None = None  # of its interval, where the provider gives one
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ReportAlarm:
    """A line that a provider's own number has passed. until: the day (UTC) with which the number no longer counts."""

    domain: str
    day: date
    until: date
    words: str
    stops: bool


def of_reports(rates: Iterable[ReportedRate], *, today: date) -> ReportAlarm | None:
    """Return what a provider's numbers of one domain give cause for, by the newest day that passed the worse line.

    A day counts for seven days after it, whatever the days behind it say: one good day undoes nothing at the provider.
    Nothing is known of how many messages it was, so there is no floor. today: in UTC.
    """
    fresh = sorted((one for one in rates if 0 <= (today - one.day).days <= REPORT_DAYS), key=lambda one: one.day)
    for line in (DOMAIN.stop, DOMAIN.warn):
        passed = [one for one in fresh if _percent(one.rate) >= line]
        if passed:
            return _alarm_of(passed[-1], stops=line == DOMAIN.stop)
    return None


def _alarm_of(one: ReportedRate, *, stops: bool) -> ReportAlarm:
    between = "" if one.low is None or one.high is None else f" ({_percent(one.low):.2f} to {_percent(one.high):.2f} %)"
    limit = f"the limit is {DOMAIN.stop:.2f} %" if stops else f"it stops at {DOMAIN.stop:.2f} %"
    words = (
        f"{_percent(one.rate):.2f} %{between} of the mail of {one.domain} in inboxes of Gmail on {one.day.day} "
        f"{one.day:%B %Y} was reported as spam, says Google Postmaster Tools ({limit}); of how many messages it does "
        "not say."
    )
    return ReportAlarm(one.domain, one.day, one.day + timedelta(days=REPORT_DAYS + 1), words, stops)


def _percent(rate: float) -> float:
    return round(100 * rate, 6)  # 0.003 is 0.30 %, whatever binary fractions make of it


def of_domain(domain: str, counts: Counts) -> Alarm | None:
    """Return what the mailboxes of one domain give cause for together: providers judge the domain as a whole."""
    return next(_complaints(counts, DOMAIN, DOMAIN_COMPLAINTS_FLOOR, about=f"{domain}: "), None)


def alarms(counts: Counts, lines: Lines, *, minds_a_row: bool = False) -> Sequence[Alarm]:
    """Return what the counts give cause for, those that stop first."""
    return sorted(_alarms(counts, lines, minds_a_row=minds_a_row), key=lambda one: not one.stops)


def _alarms(counts: Counts, lines: Lines, *, minds_a_row: bool) -> Iterable[Alarm]:
    if minds_a_row and counts.in_a_row >= IN_A_ROW:
        words = f"{counts.in_a_row} addresses in a row do not exist."
        yield Alarm(Kind.BOUNCES, words, stops=True)
    if counts.attempts >= ATTEMPTS_FLOOR and counts.bounces >= BOUNCES_FLOOR:
        rate = 100 * counts.bounces / counts.attempts
        words = f"{counts.bounces} of {counts.attempts} messages in 7 days went to addresses that do not exist"
        if rate >= lines.stop:
            yield Alarm(Kind.BOUNCES, f"{words} ({rate:.1f} %, the limit is {lines.stop:g} %).", stops=True)
        elif rate >= lines.warn:
            yield Alarm(Kind.BOUNCES, f"{words} ({rate:.1f} %, it stops at {lines.stop:g} %).", stops=False)
    yield from _complaints(counts, COMPLAINTS, COMPLAINTS_FLOOR)


def _complaints(counts: Counts, lines: Lines, floor: int, *, about: str = "") -> Iterator[Alarm]:
    """Yield what complaints give cause for. floor: so many stop, where too little was delivered for a rate."""
    words = f"{about}{counts.complaints} of {counts.delivered} messages in 7 days were reported as spam"
    if counts.delivered < DELIVERED_FLOOR:
        if counts.complaints >= floor:
            yield Alarm(Kind.COMPLAINTS, f"{words}.", stops=True)
        return
    rate = 100 * counts.complaints / counts.delivered
    if rate >= lines.stop:
        yield Alarm(Kind.COMPLAINTS, f"{words} ({rate:.2f} %, the limit is {lines.stop:.2f} %).", stops=True)
    elif rate >= lines.warn:
        yield Alarm(Kind.COMPLAINTS, f"{words} ({rate:.2f} %, it stops at {lines.stop:.2f} %).", stops=False)
