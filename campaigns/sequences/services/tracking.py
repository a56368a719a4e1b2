"""What of a campaign's messages is followed, and in what language a line below them says how to opt out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction

from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Branch, Campaign
from campaigns.sequences.services.holding import locked
from campaigns.sequences.states import CLOSED, BranchKind
from campaigns.sequences.telling import Edit, EditKind, tell
from campaigns.templating.spoken import LANGUAGES
from outreach.accounts.models import User

_NAMES = {
    "track_clicks": "clicks",
    "track_text_clicks": "clicks in plain text",
    "track_opens": "opens",
}


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is followed in the messages of a campaign, and what stands below them."""

    track_clicks: bool = False
    track_text_clicks: bool = False
    track_opens: bool = False
    opt_out_language: str = ""  # "" = as each wording seems to be

    def __str__(self) -> str:
        said = [_NAMES[name] for name in _NAMES if getattr(self, name)]
        if self.opt_out_language:
            said.append(f"the opt-out line in {LANGUAGES[self.opt_out_language]}")
        return ", ".join(said) or "nothing"


def tracking_of(campaign: Campaign) -> Tracking:
    """Return what a campaign's messages are marked with, where the law allows it."""
    return Tracking(*(getattr(campaign, name) for name in [*_NAMES, "opt_out_language"]))


def choose_tracking(campaign: Campaign, wanted: Tracking, *, who: User | None = None) -> None:
    """Follow so much from the next message on; those that are made already stay as they are.

    Raises BadEdit where a branch waits for clicks, or links in plain text alone were to be followed, or for a language
    that the line does not speak; IllegalMove for a campaign that is over.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        if current.state in CLOSED:
            raise IllegalMove("The campaign is over: nothing of it is changed any more.")
        if wanted.opt_out_language and wanted.opt_out_language not in LANGUAGES:
            raise BadEdit("opt_out_language", f"Choose one of {', '.join(LANGUAGES)}.")
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
