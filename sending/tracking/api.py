"""The HTTP API of the room: what of a campaign's messages is followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from ninja import Router, Schema
from pydantic import Field, StrictBool

from campaigns.contacts.states import LegalBasis
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.services import Tracking, choose_tracking, tracking_of
from campaigns.templating.spoken import LANGUAGES
from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.problems import Problem
from outreach.rest.values import ID, Wanted, examples
from sending.links.hosts.bases import base_of
from sending.planner.lawful.grounds import stated
from sending.planner.lawful.traced import reach_of

router = Router(tags=["campaigns"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
_COLUMNS = {
    "clicks": "track_clicks",
    "text_clicks": "track_text_clicks",
    "opens": "track_opens",
    "opt_out_language": "opt_out_language",
}
_NAMES = {column: name for name, column in _COLUMNS.items()}


def _bad_edit(error: BadEdit) -> Problem:
    wrong = {"field": _NAMES.get(error.field, error.field), "detail": error.cause}
    return Problem(422, "invalid", error.cause, errors=[wrong])


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadEdit: _bad_edit,
}


class TrackingChanges(Wanted):
    """What of a campaign's messages is to be followed; what is not named stays."""

    model_config = examples(clicks=True, opens=False)
    clicks: StrictBool | None = Field(None, description="Links in the HTML lead over the tracking host.")
    text_clicks: StrictBool | None = Field(None, description="Those in the plain text, too; never without clicks.")
    opens: StrictBool | None = Field(None, description="An image in the HTML tells when it is loaded.")
    opt_out_language: str | None = Field(
        None,
        max_length=2,
        description="Of the line that says how to opt out, below whatever does not say it itself: "
        f"{', '.join(LANGUAGES)}, or empty for what each wording seems to be in.",
    )


class TrackingOut(Schema):
    """What of a campaign's messages is followed, and whom of its audience the law lets it follow."""

    clicks: bool
    text_clicks: bool
    opens: bool
    opt_out_language: str
    consent_stated: bool = Field(
        description="A person has stated, on the campaign's page, that they have agreed. It counts for those "
        "of whom an admin has stated it: who was in the audience then."
    )
    audience: int = Field(description="People on its lists and in its segments.")
    may_be_followed: int = Field(description="Those of them whose clicks and opens the law lets you follow.")
    leads_over: str = Field(description="What addresses in new messages begin with; empty where there are none.")


@router.get(
    "/campaigns/{int:campaign_id}/tracking", response=TrackingOut, summary="See what is followed", **reads(READ)
)
def tracking(request: ApiRequest, campaign_id: ID) -> Any:
    """Return what of the campaign's messages is followed, and whom the law lets it follow."""
    return _shown(campaign_for(request.member, campaign_id))


@router.patch(
    "/campaigns/{int:campaign_id}/tracking", response=TrackingOut, summary="Choose what is followed", **writes(WRITE)
)
def tracking_change(request: ApiRequest, campaign_id: ID, wanted: TrackingChanges) -> Any:
    """Follow so much from the next message on. On what ground that may be, a person states on the campaign's page."""
    campaign = campaign_for(request.member, campaign_id)
    named = {_COLUMNS[name]: value for name, value in wanted.dict(exclude_none=True).items()}
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        choices = {column: getattr(current, column) for column in _NAMES} | named
        choose_tracking(current, Tracking(**choices), who=request.member.user)
    campaign.refresh_from_db()
    return _shown(campaign)


def _shown(campaign: Campaign) -> TrackingOut:
    reach, chosen = reach_of(campaign), tracking_of(campaign)
    return TrackingOut(
        **{name: getattr(chosen, column) for name, column in _COLUMNS.items()},
        consent_stated=stated(campaign).basis is LegalBasis.CONSENT,
        audience=reach.people,
        may_be_followed=reach.allowed,
        leads_over=base_of(campaign.workspace_id),
    )
