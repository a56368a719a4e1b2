"""When a campaign sends, over HTTP: by the checks and the service of its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from campaigns.calendar import Region, is_known
from campaigns.sequences import queries
from campaigns.sequences.api.files import READ, WRITE, router
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.portable.exporting import schedule_part
from campaigns.sequences.portable.planning import faults_of, schedule_of
from campaigns.sequences.portable.shape import SchedulePart
from campaigns.sequences.services import save_schedule, seen_schedule_of
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.errors import invalid
from outreach.rest.problems import Problem, Refused
from outreach.rest.values import ID
from outreach.rest.versions import IfMatch, mark, seen


@router.get("/campaigns/{int:campaign_id}/schedule", response=SchedulePart, summary="See when it sends", **reads(READ))
def schedule(request: ApiRequest, response: HttpResponse, campaign_id: ID) -> Any:
    """Return hours, zone, first day, limits, priority and closed days, as a campaign file has them, with an `ETag`."""
    campaign = queries.campaign_for(request.member, campaign_id)
    mark(response, seen_schedule_of(campaign))
    return schedule_part(campaign)


@router.put(
    "/campaigns/{int:campaign_id}/schedule", response=SchedulePart, summary="Set when it sends", **writes(WRITE)
)
def schedule_change(
    request: ApiRequest, response: HttpResponse, campaign_id: ID, wanted: SchedulePart, if_match: IfMatch = ""
) -> Any:
    """Set all of it; what is left out becomes what the campaign file says of it. A running campaign follows at once.

    Whoever the schedule before it held is looked at again. 409 for a campaign that has ended.
    """
    campaign = queries.campaign_for(request.member, campaign_id)
    version = seen(if_match, seen_schedule_of(campaign))
    _check(wanted)
    try:
        save_schedule(campaign, schedule_of(wanted), seen=version, who=request.member.user)
    except BadEdit as error:
        raise Refused(invalid("windows", error.cause)) from error
    campaign.refresh_from_db()
    mark(response, seen_schedule_of(campaign))
    return schedule_part(campaign)


def _check(wanted: SchedulePart) -> None:
    faults = [*faults_of(wanted), *_stricter(wanted)]
    if faults:
        field, cause = faults[0]
        errors = [{"field": one, "detail": words} for one, words in faults]
        raise Refused(Problem(422, "invalid", f"{field}: {cause}", errors=errors))


def _stricter(wanted: SchedulePart) -> Iterator[tuple[str, str]]:
    """Yield what a file may bring into a draft, with a note, and what no schedule is set to."""
    if not wanted.windows:
        yield "windows", "Without hours on one day at least nothing could ever go out."
    for one in wanted.holidays:
        if not is_known(Region(one.country, one.part)):
            yield "holidays", f"The public holidays of {Region(one.country, one.part)} are not known here."
