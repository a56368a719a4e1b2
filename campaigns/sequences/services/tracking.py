"""What of a campaign's messages is followed, and whether a line below them says how to opt out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction

from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Branch, Campaign
from campaigns.sequences.services.holding import locked
from campaigns.sequences.states import CLOSED, BranchKind
from campaigns.sequences.telling import Edit, EditKind, tell
from outreach.accounts.models import User

_NAMES = {
    "track_clicks": "clicks",
    "track_text_clicks": "clicks in plain text",
    "track_opens": "opens",
    "shows_opt_out": "an opt-out line",
}


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is followed in the messages of a campaign, and what stands below them."""

    track_clicks: bool = False
    track_text_clicks: bool = False
    track_opens: bool = False
    shows_opt_out: bool = True

    def __str__(self) -> str:
        return ", ".join(_NAMES[name] for name, is_on in asdict(self).items() if is_on) or "nothing"


def tracking_of(campaign: Campaign) -> Tracking:
    """Return what a campaign's messages are marked with, where the law allows it."""
    return Tracking(*(getattr(campaign, name) for name in _NAMES))


def choose_tracking(campaign: Campaign, wanted: Tracking, *, who: User | None = None) -> None:
    """Follow so much from the next message on; those that are made already stay as they are.

    Raises BadEdit where a branch waits for clicks, or links in plain text alone were to be followed; IllegalMove for a
    campaign that is over.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        if current.state in CLOSED:
            raise IllegalMove("The campaign is over: nothing of it is changed any more.")
        if wanted.track_text_clicks and not wanted.track_clicks:
            raise BadEdit("track_text_clicks", "Links in plain text are followed only where those in HTML are.")
        waits = Branch.objects.filter(step__campaign=campaign, kind=BranchKind.CLICK).exists()
        if waits and not wanted.track_clicks:
            raise BadEdit("track_clicks", "A branch of this campaign waits for clicks. Remove it first.")
        before = tracking_of(current)
        if wanted == before:
            return
        Campaign.objects.filter(pk=campaign.pk).update(**asdict(wanted))
        tell(Edit(current, EditKind.TRACKING_CHOSEN, "Tracking", who, str(before), str(wanted)))
