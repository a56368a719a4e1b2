"""Review a campaign and let it run, over HTTP: the gates and the services of the pages, for keys that may launch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from ninja import Schema
from pydantic import Field, StringConstraints

from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CampaignState
from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID, NO_NUL
from sending.planner import ending, services
from sending.planner.api.reading import READ, router, shown
from sending.planner.api.shapes import CampaignOut
from sending.planner.audience.gaps import guard_of
from sending.planner.errors import Obstacle
from sending.planner.forecast.foresight import foresee
from sending.planner.review import review_of
from sending.planner.review.lights import Evidence, Gate, Light
from sending.planner.review.outlook import forecast_gate
from sending.planner.review.readiness import stalls
from sending.planner.review.values import values_gate

LAUNCH = Scope.LAUNCH_WRITE
Why = Annotated[
    str,
    StringConstraints(max_length=300, pattern=NO_NUL),
    Field(description="Why it goes on although people complained: kept with the name. Only an admin's key may."),
]


class EvidenceOut(Schema):
    """One fact of a gate."""

    light: Light
    words: str
    fix: str = Field(description="What to do about it, or where it is seen.")
    source: str = Field(description="The address of a law, where it is about one.")

    @classmethod
    def of(cls, one: Evidence) -> Self:
        return cls(light=one.light, words=one.words, fix=one.link, source=one.source)


class GateOut(Schema):
    """One gate before a launch; its light is the gravest of its evidence: `red` forbids, `amber` wants a look."""

    code: str
    title: str
    light: Light
    evidence: list[EvidenceOut]

    @classmethod
    def of(cls, one: Gate) -> Self:
        return cls(
            code=one.code, title=one.title, light=one.light, evidence=[EvidenceOut.of(each) for each in one.evidence]
        )


class StallOut(Schema):
    """What keeps a running campaign from writing to anybody, or from growing."""

    code: str
    words: str
    fix: str


class ReviewOut(Schema):
    """What stands for and against a campaign."""

    state: str
    may_launch: bool = Field(description="It is a draft, and no gate is red.")
    people: int = Field(description="Everybody in the audience of a draft; 0 of a launched campaign.")
    gates: list[GateOut] = Field(description="Of a draft; none of a launched campaign.")
    stalls: list[StallOut] = Field(description="Of a running campaign.")


class LaunchOut(Schema):
    """A launch."""

    enrolled: int = Field(description="People in line; whom the law or their address leaves out is told with them.")
    campaign: CampaignOut


class StopOut(Schema):
    """A stop."""

    called_off: int = Field(description="People who still waited, and get nothing more.")
    campaign: CampaignOut


@router.get("/campaigns/{int:campaign_id}/review", response=ReviewOut, summary="Review a campaign", **reads(READ))
def review(request: ApiRequest, campaign_id: ID, complete: bool = False) -> Any:  # noqa: FBT001, FBT002  # a query's value
    """Return the gates of a draft with their evidence, and what stalls a running campaign.

    complete: also the two gates that take longer, `values` (who lacks what the messages use) and `forecast`.
    """
    campaign = campaign_for(request.member, campaign_id)
    return ReviewOut(state=campaign.state, stalls=_stalls(stalls(campaign)), **_of_draft(campaign, complete=complete))


@router.post("/campaigns/{int:campaign_id}/launch", response=LaunchOut, summary="Launch a campaign", **writes(LAUNCH))
def launch(request: ApiRequest, campaign_id: ID) -> Any:
    """Enroll the audience and let it run. 409 `not_ready` names every obstacle, as the review's red gates do."""
    campaign = campaign_for(request.member, campaign_id)
    return LaunchOut(enrolled=services.launch(request.member, campaign), campaign=_now(campaign))


@router.post("/campaigns/{int:campaign_id}/pause", response=CampaignOut, summary="Pause a campaign", **writes(LAUNCH))
def pause(request: ApiRequest, campaign_id: ID) -> Any:
    """Let nothing more go out; nothing is lost. What has passed its dot cannot be called back."""
    campaign = campaign_for(request.member, campaign_id)
    services.pause(request.member, campaign)
    return _now(campaign)


@router.post("/campaigns/{int:campaign_id}/resume", response=CampaignOut, summary="Resume it", **writes(LAUNCH))
def resume(request: ApiRequest, campaign_id: ID, why: Why = "") -> Any:
    """Let a paused campaign go on at the usual pace. 409 `still_guarded` where a guard has paused it."""
    campaign = campaign_for(request.member, campaign_id)
    services.resume(request.member, campaign, why=why)
    return _now(campaign)


@router.post(
    "/campaigns/{int:campaign_id}/stop", response=StopOut, summary="Stop it for good",
    **writes(LAUNCH, is_repeatable=True),
)  # fmt: skip
def stop(request: ApiRequest, campaign_id: ID) -> Any:
    """Write to nobody of it any more, for good: whoever still waits is called off. Sent again, it changes nothing."""
    campaign = campaign_for(request.member, campaign_id)
    is_stopped = campaign.state == CampaignState.STOPPED
    count = 0 if is_stopped else ending.stop_campaign(request.member, campaign)
    return StopOut(called_off=count, campaign=_now(campaign))


@router.post("/campaigns/{int:campaign_id}/archive", response=CampaignOut, summary="Archive it", **writes(LAUNCH))
def archive(request: ApiRequest, campaign_id: ID) -> Any:
    """Put it away: a draft, a stopped one, or one of whose people nobody waits any more. It does not come back."""
    campaign = campaign_for(request.member, campaign_id)
    ending.archive(request.member, campaign)
    return _now(campaign)


def _of_draft(campaign: Campaign, *, complete: bool) -> dict[str, Any]:
    if campaign.state != CampaignState.DRAFT:
        return {"may_launch": False, "people": 0, "gates": []}
    found = review_of(campaign)
    gates = [*found.gates, *(_apart(campaign) if complete else ())]
    return {"may_launch": not found.reds, "people": found.size, "gates": [GateOut.of(one) for one in gates]}


def _apart(campaign: Campaign) -> Iterable[Gate]:
    foreseen = foresee(campaign)
    home = ZoneInfo(campaign.workspace.time_zone)
    return values_gate(guard_of(campaign)), forecast_gate(foreseen.forecast, foreseen.stuck, home)


def _stalls(found: Iterable[Obstacle]) -> list[StallOut]:
    return [StallOut(code=one.code, words=one.words, fix=one.fix) for one in found]


def _now(campaign: Campaign) -> CampaignOut:
    campaign.refresh_from_db()
    return shown([campaign])[0]
