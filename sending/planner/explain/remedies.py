"""What would have to change for somebody to be written to earlier: the simulation, once for each obstacle removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sending.pacing import HoldCode
from sending.pacing.changes import Change, changed
from sending.pacing.rotation import Rotation
from sending.pacing.scenario import Departure, Run, Scenario, ScenarioMailbox
from sending.pacing.simulation import simulate
from sending.planner.explain.places import Place, place_of
from sending.planner.explain.present import Present
from sending.planner.forecast.scenes import Scene, scene_of
from sending.planner.models import Enrollment

_HORIZON = timedelta(days=400)
# Messages that are foreseen for one answer. Where more than FAR go before, no single change is tried: each would take
# as long again, and the forecast of the campaign answers such questions.
_MOST, _FAR = 20_000, 3_000
# Less than this, or than this part of the time until then, is no difference to a person.
_WORTH, _WORTH_PART = timedelta(minutes=1), 50
_MOST_MAILBOXES = 3
_ALL_DAYS = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change, and when the message would leave with it."""

    words: str
    at: datetime
    place: Place | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """When a message leaves as things stand (None: not foreseen), and what would let it leave earlier.

    is_far: so many go before that no change was tried.
    """

    at: datetime | None
    remedies: Sequence[Remedy] = ()
    is_far: bool = False


def prospect_of(row: Enrollment, present: Present, *, now: datetime) -> Prospect:
    """Return when the enrollment (campaign and mailbox are loaded) is written to next, and what would change that."""
    scene = scene_of(row.campaign, now=now)
    run = _run(scene.scenario, row.pk, until=now + _HORIZON)
    left = _departure(run, row.pk)
    if len(run.departures) > _FAR:
        return Prospect(left.at if left else None, is_far=True)
    until = left.at if left else now + _HORIZON  # what leaves later is no improvement
    tried = [
        (words, place, _departure(_run(scenario, row.pk, until=until), row.pk))
        for words, place, scenario in _attempts(row, present, scene, run, left)
    ]
    earlier = [
        Remedy(words, then.at, place)
        for words, place, then in tried
        if then is not None and (left is None or left.at - then.at >= max(_WORTH, (left.at - now) / _WORTH_PART))
    ]
    return Prospect(left.at if left else None, sorted(earlier, key=lambda one: one.at))


def _run(scenario: Scenario, person_id: int, *, until: datetime) -> Run:
    return simulate(scenario, until=until, most=_MOST, watched=person_id)


def _departure(run: Run, person_id: int) -> Departure | None:
    return next((one for one in reversed(run.departures) if one.person_id == person_id), None)


Attempt = tuple[str, Place | None, Scenario]


def _attempts(row: Enrollment, present: Present, scene: Scene, run: Run, left: Departure | None) -> Iterator[Attempt]:
    """Yield each change that is worth a try: for what binds now, and for what holds its mailboxes until it leaves."""
    now = scene.scenario.now
    if row.hold_code in _MENDED:
        words = _MENDED[HoldCode(row.hold_code)]
        place = place_of(row.hold_code, campaign_id=row.campaign_id, contact_id=row.contact_id)
        yield words, place, scene_of(row.campaign, now=now, mended={row.pk}).scenario
    if row.mailbox is not None and row.mailbox_id not in {one.id for one in scene.scenario.mailboxes}:
        place = place_of(HoldCode.MAILBOX_STATE, mailbox_id=row.mailbox_id)
        revived = scene_of(row.campaign, now=now, revived={row.mailbox.pk}).scenario
        yield f"If {row.mailbox.address} carried mail", place, revived
    box = _box(row, scene.scenario, left)
    if box is None:
        return
    campaign = scene.scenario.campaign(row.campaign_id)
    mine = {box.id} if row.mailbox_id else set(campaign.mailbox_ids)
    codes = {one.code for one in run.idles if one.mailbox_id in mine}
    codes |= {HoldCode(one.code) for one in present.reasons if one.code in set(HoldCode)}
    others = [one for one in scene.scenario.mailboxes if one.id in mine and one.id != box.id]
    for one in [box, *others][:_MOST_MAILBOXES]:
        for words, change, code in _changes_of_limits(scene, one, codes if one is box else codes & _OF_DAY):
            place = place_of(code, campaign_id=row.campaign_id, mailbox_id=one.id)
            yield words, place, changed(scene.scenario, row.campaign_id, change)
    for words, change, code in _changes_of_campaign(row, scene, codes):
        place = place_of(code, campaign_id=row.campaign_id)
        yield words, place, changed(scene.scenario, row.campaign_id, change)


_MENDED = {
    HoldCode.ABSENT: "If the absence were lifted",
    HoldCode.MISSING_VALUE: "If the missing value were filled in",
    HoldCode.BAD_TEMPLATE: "If the wording were mended",
    HoldCode.BROKEN_BRANCH: "If the branch were mended",
    HoldCode.NO_CONSENT: "If their consent were recorded",
    HoldCode.NO_POSTAL_ADDRESS: "If the workspace's postal address were entered",
    HoldCode.MADE_ALREADY: "If they went on behind it",
}


def _box(row: Enrollment, scenario: Scenario, left: Departure | None) -> ScenarioMailbox | None:
    """Return the mailbox that carries the message: its own, the one that is foreseen, or the campaign's first."""
    wanted = row.mailbox_id or (left.mailbox_id if left else None)
    campaign = scenario.campaign(row.campaign_id)
    own = [one for one in scenario.mailboxes if one.id in campaign.mailbox_ids]
    return next((one for one in scenario.mailboxes if one.id == wanted), own[0] if own and wanted is None else None)


_OF_DAY = {HoldCode.DAILY_LIMIT, HoldCode.RESERVED}


def _changes_of_limits(scene: Scene, box: ScenarioMailbox, codes: set[HoldCode]) -> Iterator[tuple[str, Change, str]]:
    limits, address = box.limits, scene.mailboxes[box.id].address
    if codes & _OF_DAY:
        if limits.ramp_start is not None and limits.ramp_start + limits.ramp_step * box.ramp_days < limits.daily:
            words = f"If {address} did not climb its ramp and sent {limits.daily} a day"
            yield words, Change(mailbox_id=box.id, without_ramp=True), HoldCode.DAILY_LIMIT
        more = limits.daily + 10
        words = f"If the daily limit of {address} were {more}"
        yield words, Change(mailbox_id=box.id, daily=more), HoldCode.DAILY_LIMIT
    if HoldCode.HOURLY_LIMIT in codes:
        more = 2 * limits.hourly
        words = f"If the hourly limit of {address} were {more}"
        yield words, Change(mailbox_id=box.id, hourly=more), HoldCode.HOURLY_LIMIT
    if HoldCode.GAP in codes and limits.gap_max:
        half = Change(mailbox_id=box.id, gap_min=limits.gap_min / 2, gap_max=limits.gap_max / 2)
        yield f"If the gap of {address} were half as long", half, HoldCode.GAP


def _changes_of_campaign(row: Enrollment, scene: Scene, codes: set[HoldCode]) -> Iterator[tuple[str, Change, str]]:
    campaign = scene.scenario.campaign(row.campaign_id)
    is_new = row.mailbox_id is None
    if is_new and HoldCode.NEW_LEADS_LIMIT in codes and campaign.new_leads_limit:
        more = 2 * campaign.new_leads_limit
        words = f"If the campaign began {more} new contacts a day"
        yield words, Change(new_leads=more), HoldCode.NEW_LEADS_LIMIT
    if HoldCode.CAMPAIGN_LIMIT in codes and campaign.daily_limit:
        more = 2 * campaign.daily_limit
        yield f"If the campaign sent {more} messages a day", Change(messages=more), HoldCode.CAMPAIGN_LIMIT
    if HoldCode.WINDOW in codes and {window.weekday for window in campaign.schedule.windows} != _ALL_DAYS:
        words = "If every day were a sending day"
        yield words, Change(weekdays=_ALL_DAYS), HoldCode.WINDOW
    if is_new and campaign.rotation is not Rotation.EVEN:
        words = "If new contacts went to whichever mailbox of the campaign is free"
        yield words, Change(rotation=Rotation.EVEN), HoldCode.ROTATION
    if is_new:
        yield "If one more mailbox like its first carried the campaign", Change(more_mailboxes=1), ""
