"""The HTTP API of the room: opt-outs and complaints of mailboxes and campaigns, with their denominators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ninja import Router, Schema
from pydantic import Field

from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads
from outreach.rest.problems import Problem
from sending.postmaster.errors import BadReport
from sending.postmaster.values import Unreadable
from sending.reports.feedback import DAYS, of_campaigns, of_mailboxes
from sending.reports.objections import Objections
from sending.reports.provider_api import router as provider_router
from sending.reports.rates_api import RateOut

router = Router(tags=["feedback"])
READ = Scope.CAMPAIGNS_READ
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadReport: lambda error: Problem(422, "bad_report", str(error)),
    Unreadable: lambda error: Problem(422, "bad_value", f"{error}."),
}
router.add_router("", provider_router)


class FeedbackOut(Schema):
    """What recipients said of one mailbox or campaign."""

    id: int
    name: str = Field(description="The address of a mailbox, or the name of a campaign.")
    delivered: int = Field(description="Messages that were accepted, and have not come back since.")
    opt_outs: RateOut
    opt_outs_by_way: dict[str, int] = Field(
        description="`one_click`, `page`, `mail`, `answer`, `member`, `api`; they add up to the opt-outs."
    )
    complaints: RateOut
    warning: str = Field("", description="In words, where a mailbox has more opt-outs than chance explains.")


class FeedbackList(Schema):
    """The numbers of a span of days that ends today."""

    days: int
    results: list[FeedbackOut]


@router.get("/feedback/mailboxes", response=FeedbackList, summary="Opt-outs and complaints by mailbox", **reads(READ))
def feedback_of_mailboxes(request: ApiRequest) -> Any:
    """Return what was said of each mailbox that delivered something in the last 30 days."""
    found = of_mailboxes(request.member.workspace)
    return FeedbackList(
        days=DAYS,
        results=[_shown(one.mailbox.pk, one.mailbox.address, one.said, one.warning) for one in found],
    )


@router.get("/feedback/campaigns", response=FeedbackList, summary="Opt-outs and complaints by campaign", **reads(READ))
def feedback_of_campaigns(request: ApiRequest) -> Any:
    """Return what was said of each campaign that delivered something in the last 30 days."""
    found = of_campaigns(request.member.workspace)
    return FeedbackList(days=DAYS, results=[_shown(one.campaign.pk, one.campaign.name, one.said) for one in found])


def _shown(pk: int, name: str, said: Objections, warning: str = "") -> FeedbackOut:
    return FeedbackOut(
        id=pk,
        name=name,
        delivered=said.delivered,
        opt_outs=RateOut.of(said.opt_outs),
        opt_outs_by_way={how.value or "unknown": count for how, count in said.ways},
        complaints=RateOut.of(said.complaints),
        warning=warning,
    )
