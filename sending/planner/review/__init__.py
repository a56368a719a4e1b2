"""The page of gates before a launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.planner.lawful.grounds import lawful
from sending.planner.queries import audience_size, senders_of_campaign
from sending.planner.review.authentication import senders_gate
from sending.planner.review.compliance import law_gate
from sending.planner.review.gates import audience_gate, content_gate, obstacles_of, schedule_gate
from sending.planner.review.lights import Gate, Light, gate
from sending.planner.review.readiness import obstacles


@dataclass(frozen=True, slots=True)
class Review:
    """The gates of a draft that are asked at once; size: everybody in its audience.

    apart: those that take longer. Each is asked by itself, below the others, and counts in none of the numbers.
    """

    gates: Sequence[Gate]
    size: int
    senders: Sequence[Mailbox] = ()
    apart: Sequence[str] = ("values", "forecast")

    @property
    def apart_words(self) -> str:
        names = " and ".join(f"“{one.capitalize()}”" for one in self.apart)
        return f"{names} take longer to find out: they follow below, and are not counted here." if names else ""

    @property
    def reds(self) -> int:
        return sum(one.light is Light.RED for one in self.gates)

    @property
    def ambers(self) -> int:
        return sum(one.light is Light.AMBER for one in self.gates)


def review_of(campaign: Campaign) -> Review:
    """Return the gates of a campaign as they stand, but for those that are asked apart."""
    plan = plans([campaign.pk])[campaign.pk]
    law = lawful(campaign)
    found = obstacles(campaign, law)
    size = audience_size(campaign)
    senders = list(senders_of_campaign(campaign).values())
    budgets = budgets_of([box for box in senders if box.state == MailboxState.ACTIVE])
    state = gate("state", "State", obstacles_of("state", found))
    gates = [
        *([state] if state.evidence else ()),
        audience_gate(campaign, found, size),
        content_gate(plan, found),
        law_gate(plan, found, law, senders, budgets),
        senders_gate(senders, budgets, found),
        schedule_gate(plan, found),
    ]
    return Review(gates, size, senders)
