"""Gather what a file says of domains and days; what contradicts itself or cannot be is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from sending.postmaster.shapes import DomainDay, Refusal
from sending.postmaster.values import Unreadable, kept

# Google shows at most 120 days, SNDS 90; a file may have lain for a while.
OLDEST = timedelta(days=400)
MOST_REFUSALS = 200  # that are kept with their cause; beyond, they are only counted


class Gathering:
    """Days of domains, and refusals, each with its place."""

    def __init__(self, today: date) -> None:
        """today: in UTC, as Google counts days."""
        self.days: dict[tuple[str, date], DomainDay] = {}
        self.refused: list[Refusal] = []
        self._today = today

    def check(self, day: date) -> date:
        """Return the day. Raises Unreadable where nobody can have reported of it, or where it is too old to matter."""
        if day > self._today:
            raise Unreadable(f"{day} has not come yet")
        if day < self._today - OLDEST:
            raise Unreadable(f"{day} is more than {OLDEST.days} days ago")
        return day

    def put(self, domain: str, day: date, values: Mapping[str, object]) -> None:
        """Add values to a day of a domain. Raises Unreadable where the file has said otherwise before."""
        found = self.days.get((domain, day)) or DomainDay(domain, self.check(day))
        told: dict[str, object] = {}
        for name, value in values.items():
            before = getattr(found, name)
            if name == "errors" and isinstance(value, dict):
                told[name] = _merged(before, value)
            elif before not in (None, "", {}, value):
                raise Unreadable(f"{day} of {domain} stands in the file twice, and not alike")
            else:
                told[name] = value
        self.days[domain, day] = replace(found, **told)  # type: ignore[arg-type]

    def refuse(self, place: str, cause: str, original: str) -> None:
        """Note a part that is not taken."""
        self.refused.append(Refusal(place, kept(cause, 300), kept(original, 200)))


def _merged(before: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    if any(before.get(cause, ratio) != ratio for cause, ratio in more.items()):
        raise Unreadable("the same delivery error stands in the file twice, and not alike")
    return {**before, **more}
