"""Throttles: how much one recipient's domain, provider and company get in an hour or a day, from a whole workspace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sending.pacing.budget import Pace
from sending.pacing.caps import RECHECK, Cap
from sending.pacing.receivers import NAMES, Receiver, is_free_mail, receiver_of
from sending.pacing.verdicts import Hold, HoldCode, Verdict


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages in a rolling hour and day; None = as many as there are."""

    hour: int | None = None
    day: int | None = None

    def __bool__(self) -> bool:
        return self.hour is not None or self.day is not None


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """What a workspace lets go to one side of recipients. company_per_day: people of one company in a rolling day.

    catch_all_percent: of a day's budget, how much may go to new contacts at domains that take any address: whether
    such an address exists is only known from a bounce, or never.
    """

    domain: Rate = Rate(hour=4, day=20)
    company_per_day: int | None = 1
    catch_all_percent: int | None = 20
    receivers: Mapping[Receiver, Rate] = field(default_factory=dict)

    def __bool__(self) -> bool:
        of_people = self.company_per_day is not None or self.catch_all_percent is not None
        return bool(self.domain or of_people or any(self.receivers.values()))


NO_LIMITS = ThrottleLimits(domain=Rate(), company_per_day=None, catch_all_percent=None)


@dataclass(frozen=True, slots=True)
class Throttle:
    """One limit that concerns a message, with how much of it is used; words name whom it protects."""

    code: HoldCode
    cap: Cap
    words: str


@dataclass(frozen=True, slots=True)
class Touch:
    """A message to somebody of a domain: at its mark, or None while it is in a worker's hands."""

    contact_id: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How much went to a provider in the rolling hour and day, and when each gets its oldest place back."""

    hour: int = 0
    day: int = 0
    hour_frees_at: datetime | None = None
    day_frees_at: datetime | None = None

    def one_more(self) -> Counted:
        return replace(self, hour=self.hour + 1, day=self.day + 1)


def throttles_of(  # noqa: PLR0913  # what is known of a recipient's side
    limits: ThrottleLimits,
    contact_id: int,
    domain: str,
    touches: Sequence[Touch],
    counted: Counted,
    *,
    now: datetime,
    pace: Pace,
    known: str = "",
) -> tuple[Throttle, ...]:
    """Return the limits that concern a message to the contact; touches are those of the domain in the rolling day."""
    found: list[Throttle] = []
    receiver = receiver_of(domain, known=known)
    if not is_free_mail(domain):
        of_domain = counted_of([one.at for one in touches], now=now, pace=pace)
        found += _rate(HoldCode.DOMAIN_LIMIT, domain, limits.domain, of_domain)
        if limits.company_per_day is not None:
            others = {one.contact_id: one.at for one in touches if one.contact_id != contact_id}
            found.append(_company(limits.company_per_day, others, pace=pace))
    found += _rate(HoldCode.PROVIDER_LIMIT, NAMES[receiver], limits.receivers.get(receiver, Rate()), counted)
    return tuple(found)


def counted_of(of_day: Collection[datetime | None], *, now: datetime, pace: Pace) -> Counted:
    """Count the messages of a rolling day; None is one in hand: nobody knows yet when its place comes back."""
    known = [at for at in of_day if at is not None]
    lately = [at for at in known if at > now - pace.hour]
    return Counted(
        hour=len(lately) + len(of_day) - len(known),
        day=len(of_day),
        hour_frees_at=min(lately) + pace.hour if lately else None,
        day_frees_at=min(known) + pace.day if known else None,
    )


def campaign_throttle(cap: Cap) -> Throttle:
    """Return a campaign's limit of messages a day."""
    words = f"{cap.used} of {cap.limit} messages of the campaign in the last 24 hours are sent."
    return Throttle(HoldCode.CAMPAIGN_LIMIT, cap, words)


def catch_all_places(percent: int, budget: int) -> int:
    """Return how many new contacts of a rolling day may be at domains that take any address; one at least."""
    return max(1, budget * percent // 100)


def nth_free(sent: Sequence[datetime], nth: int, day: timedelta) -> datetime | None:
    """Return when a place of a rolling day comes back: the next one for nth = 0, the one behind it for 1, and so on.

    sent: when the places in use were taken, oldest first. Whoever waits for one gets an instant of their own, so that
    thousands do not all come back for a single place. None where all of them are in somebody's hands.
    """
    if not sent:
        return None
    days, place = divmod(nth, len(sent))
    return sent[place] + day * (days + 1)


def catch_all_throttle(cap: Cap) -> Throttle:
    """Return the limit of new contacts at domains that take any address."""
    words = f"{cap.used} new contacts of the last 24 hours are at domains that take any address; {cap.limit} at most."
    return Throttle(HoldCode.CATCH_ALL_LIMIT, cap, words)


def throttle_gates(throttles: Sequence[Throttle], *, now: datetime, pace: Pace) -> Iterator[Verdict]:
    """Yield a hold for each limit that is used up."""
    for one in throttles:
        if one.cap.limit is not None and one.cap.used >= one.cap.limit:
            yield Hold(one.code, one.words, one.cap.free_at or now + pace.shrink(RECHECK))


def _rate(code: HoldCode, name: str, rate: Rate, counted: Counted) -> Iterator[Throttle]:
    if rate.hour is not None:
        words = f"{counted.hour} of {rate.hour} messages of this hour to {name} are sent."
        yield Throttle(code, Cap(rate.hour, counted.hour, counted.hour_frees_at), words)
    if rate.day is not None:
        words = f"{counted.day} of {rate.day} messages of the last 24 hours to {name} are sent."
        yield Throttle(code, Cap(rate.day, counted.day, counted.day_frees_at), words)


def _company(limit: int, others: Mapping[int, datetime | None], *, pace: Pace) -> Throttle:
    """Return the company's limit; `others` are its people who were written to, and when last."""
    first = min((at for at in others.values() if at is not None), default=None)
    people = "One person" if len(others) == 1 else f"{len(others)} people"
    was = "was" if len(others) == 1 else "were"
    words = f"{people} of the same company {was} written to in the last 24 hours; {limit} a day at most."
    return Throttle(HoldCode.COMPANY_LIMIT, Cap(limit, len(others), first and first + pace.day), words)
