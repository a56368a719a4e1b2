"""A launched campaign with other senders that are not saved: what each mailbox would carry, and when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count

from campaigns.sequences import effects
from campaigns.sequences.models import Campaign
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing.outlook import Carried
from sending.pacing.rotation import Lineup
from sending.planner.forecast.foresight import Foreseen, foresee
from sending.planner.forecast.people import WAITING
from sending.planner.models import CampaignMailbox, Enrollment


class Part(StrEnum):
    """What becomes of a mailbox's part in a campaign."""

    STAYS = "stays"
    COMES = "comes"
    GOES = "goes"  # begins nobody new; whoever it has begun keeps it
    BOUND = "bound"  # gone before: it only carries on with whom it has begun


@dataclass(frozen=True, slots=True)
class SenderChange:
    """One mailbox: the people whom it has begun and who still wait, and what it carries as it stands and then."""

    mailbox: Mailbox
    part: Part
    people: int
    now: Carried | None
    then: Carried | None


@dataclass(frozen=True, slots=True)
class SendersEffects:
    """What other senders change. fresh: people whom no mailbox has begun yet. is_idle: then nobody begins them.

    ends_now, ends_then: the last message that is foreseen; None where none is, or no end.
    """

    rows: Sequence[SenderChange]
    fresh: int
    is_idle: bool
    ends_now: datetime | None
    ends_then: datetime | None
    is_reckoned: bool = True  # False: of so many people the page asks for the forecasts by itself

    @property
    def kept(self) -> int:
        """Return how many people keep a mailbox that is removed."""
        return sum(row.people for row in self.rows if row.part is Part.GOES)

    @property
    def begun(self) -> int:
        """Return how many people have been begun and still wait."""
        return sum(row.people for row in self.rows)

    @property
    def days_later(self) -> int | None:
        """Return by how many days the last message moves, sooner below 0; None where one of them has no end."""
        if self.ends_now is None or self.ends_then is None:
            return None
        return round((self.ends_then - self.ends_now) / timedelta(days=1))

    @property
    def days_sooner(self) -> int:
        """Return by how many days the last message comes sooner."""
        return max(0, -(self.days_later or 0))


def effects_of_senders(campaign: Campaign, wanted: Lineup, *, reckons: bool = True) -> SendersEffects:
    """Return whom other senders of a launched campaign touch, and what each mailbox carries by both.

    reckons: also where more than AT_ONCE people wait, of whom two forecasts take some seconds.
    """
    people = _people(campaign)
    fresh = people.pop(None, 0)
    had = set(CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox_id", flat=True))
    gets = {turn.mailbox_id for turn in wanted.turns}
    is_reckoned = reckons or fresh + sum(people.values()) <= effects.AT_ONCE
    both = (foresee(campaign), foresee(campaign, instead=wanted)) if is_reckoned else ()
    now, then = (one.forecast.carried for one in both) if both else ({}, {})
    boxes = Mailbox.objects.filter(pk__in=had | gets | people.keys()).order_by("address")
    rows = [
        SenderChange(
            mailbox=box,
            part=_part(box.pk, had, gets),
            people=people.get(box.pk, 0),
            now=now.get(box.pk),
            then=then.get(box.pk),
        )
        for box in boxes
    ]
    carries = any(row.mailbox.pk in gets and row.mailbox.state == MailboxState.ACTIVE for row in rows)
    ends_now, ends_then = map(_end, both) if both else (None, None)
    return SendersEffects(rows, fresh, fresh > 0 and not carries, ends_now, ends_then, is_reckoned)


def _people(campaign: Campaign) -> dict[int | None, int]:
    """Return how many people still wait by the mailbox that has begun them; None: by none."""
    rows = Enrollment.objects.filter(campaign=campaign, state__in=WAITING).order_by()
    return dict(rows.values_list("mailbox_id").annotate(count=Count("pk")))


def _part(mailbox_id: int, had: set[int], gets: set[int]) -> Part:
    if mailbox_id in gets:
        return Part.STAYS if mailbox_id in had else Part.COMES
    return Part.GOES if mailbox_id in had else Part.BOUND


def _end(foreseen: Foreseen) -> datetime | None:
    return None if foreseen.forecast.left else foreseen.forecast.ends_at
