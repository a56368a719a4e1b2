"""Until when a conversation may sleep: what is offered, and what a person types, on the clock of the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_MORNING = time(9)
_EVENING = time(18)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """One instant that a button stands for."""

    words: str
    until: datetime  # aware UTC

    @property
    def value(self) -> str:
        return self.until.isoformat()


def offered(now: datetime, zone: tzinfo) -> list[Offer]:
    """Return the usual instants, soonest first; what has passed today is not offered."""
    local = now.astimezone(zone)
    today = local.date()
    monday = today + _DAY * (7 - today.weekday())
    wanted = [
        ("This evening", datetime.combine(today, _EVENING, zone)),
        ("Tomorrow morning", datetime.combine(today + _DAY, _MORNING, zone)),
        ("Next Monday", datetime.combine(monday, _MORNING, zone)),
        ("In a month", datetime.combine(today + 30 * _DAY, _MORNING, zone)),
    ]
    found = [Offer(words, at.astimezone(UTC)) for words, at in wanted if at > local + timedelta(minutes=5)]
    return sorted(found, key=lambda one: one.until)


def read(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Read an instant; without a zone it stands on the workspace's clock. None for what is none, or has passed."""
    try:
        at = datetime.fromisoformat(text.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at > now else None
