"""Load what a forecast starts from: a campaign, all who share its mailboxes, and the books of those mailboxes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from campaigns.contacts.queries import providers_of
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from sending.links.addresses import host
from sending.mailboxes.budgets import limits_of
from sending.mailboxes.cooling import Cooling, cooling_of
from sending.mailboxes.hearing import unread_replies
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.presets import receiver_at
from sending.mailboxes.states import MailboxState
from sending.pacing import Pace
from sending.pacing.receivers import is_free_mail
from sending.pacing.rotation import Lineup, Rotation, Turn
from sending.pacing.scenario import (
    Outgo,
    Received,
    Scenario,
    ScenarioCampaign,
    ScenarioMailbox,
    ScenarioStep,
)
from sending.pacing.throttles import ThrottleLimits
from sending.planner.claim.rotating import sharings_of
from sending.planner.claim.throttling import catch_all_of
from sending.planner.claim.throttling import limits_of as throttles_of_workspaces
from sending.planner.forecast.people import WAITING, Lines, Row, audience_rows, enrolled, receiver_by
from sending.planner.forecast.roads import Roads
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.states import HELD_BY_SCHEDULE


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario, the mailboxes in it by id, and how many of the campaign's people no forecast can move, by reason."""

    scenario: Scenario
    mailboxes: Mapping[int, Mailbox]
    stuck: Mapping[str, int]


def scene_of(
    campaign: Campaign,
    *,
    now: datetime,
    mended: Collection[int] = (),
    revived: Collection[int] = (),
    instead: CampaignPlan | Lineup | None = None,
) -> Scene:
    """Return the scene of a campaign as if it ran from `now` on: a draft is launched, a paused one resumed.

    The other running campaigns that share its mailboxes, directly or by way of others, take part: they take places.
    `mended` are enrollments whose own hold is lifted, `revived` are mailboxes that carry mail although they do not.
    `instead` is the campaign's plan with another schedule: whom the one that stands holds is let go, as a save does.
    Or it is who carries the campaign instead of those who do.
    """
    lineups = {campaign.pk: instead} if isinstance(instead, Lineup) else {}
    other_plan = instead if isinstance(instead, CampaignPlan) else None
    pairs = _pairs(campaign, lineups)
    campaign_ids = _connected(campaign.pk, pairs)
    loaded = plans(campaign_ids) | ({campaign.pk: other_plan} if other_plan else {})
    pace = Pace(Workspace.objects.values_list("time_scale", flat=True).get(pk=campaign.workspace_id))
    mailboxes = {
        row.pk: row
        for row in Mailbox.objects.filter(pk__in={pk for one, pk in pairs if one in campaign_ids})
        .select_related("clock")
        .order_by("pk")
    }
    rows = enrolled(campaign_ids) + (audience_rows(campaign) if campaign.state == CampaignState.DRAFT else [])
    if other_plan:
        rows = [_let_go(row, now) if row.campaign_id == campaign.pk else row for row in rows]
    deaf = {} if host() else unread_replies(mailboxes.values())
    carrying = {pk for pk, row in mailboxes.items() if (_carries(row) and pk not in deaf) or pk in revived}
    throttles = throttles_of_workspaces({campaign.workspace_id: pace})[campaign.workspace_id]
    touches = _touches(campaign.workspace_id, now - pace.day) if throttles else ()
    known = providers_of({row.domain for row in rows} | {one.domain for one in touches}) if throttles else {}
    watched = _watched(rows, throttles, touches, known)
    lines = Lines(loaded, pace, now, mended=mended, watched=watched)
    cooling = cooling_of(sorted(carrying), now=now)
    people = lines.of(rows, carrying=carrying, cooling=cooling, workspace_id=campaign.workspace_id)
    percent = throttles.catch_all_percent if any(one.is_anybodys for one in people) else None
    catch_all = catch_all_of(campaign.workspace_id, percent, now=now, day=pace.day) if percent else None
    scenario = Scenario(
        now=now,
        pace=pace,
        mailboxes=_books({pk: mailboxes[pk] for pk in sorted(carrying)}, cooling, pace, now),
        campaigns=_campaigns(loaded, pace, now, lines.roads, _lineups(loaded, now) | lineups),
        people=tuple(people),
        throttles=throttles,
        touches=tuple(one for one in touches if one.domain in watched),
        known=known,
        catch_all_places=catch_all.places if catch_all else None,
        catch_all_sent=tuple(catch_all.sent) if catch_all else (),
    )
    return Scene(scenario, mailboxes, dict(lines.stuck[campaign.pk]))


def _carries(mailbox: Mailbox) -> bool:
    """Say whether a mailbox writes to strangers; when one will that does not, no clock knows."""
    return mailbox.state == MailboxState.ACTIVE and not mailbox.clock.cold_hold_words


def _let_go(row: Row, now: datetime) -> Row:
    """Return whom a schedule holds as another one finds them: due since the look that held them."""
    if row.hold_code not in HELD_BY_SCHEDULE:
        return row
    return row._replace(due_at=min(row.due_at or now, now), hold_code="")


def sharers(campaign: Campaign) -> tuple[set[int], set[int]]:
    """Return the campaign with all that share its mailboxes, directly or by way of others, and these mailboxes."""
    pairs = _pairs(campaign, {})
    campaign_ids = _connected(campaign.pk, pairs)
    return campaign_ids, {pk for one, pk in pairs if one in campaign_ids}


def _touches(workspace_id: int, since: datetime) -> tuple[Received, ...]:
    rows = Spending.objects.filter(workspace_id=workspace_id, spent_at__gt=since).order_by("spent_at")
    return tuple(
        Received(pk or 0, domain, at) for pk, domain, at in rows.values_list("contact_id", "domain", "spent_at")
    )


def _watched(
    rows: Sequence[Row], throttles: ThrottleLimits, touches: Sequence[Received], known: Mapping[str, str]
) -> set[str]:
    """Return the domains that throttles could hold: those that several people share, and those of limited providers."""
    if not throttles:
        return set()
    people = {(row.domain, row.contact_id) for row in rows} | {(one.domain, one.contact_id) for one in touches}
    shared = {domain for domain, count in Counter(domain for domain, _ in people).items() if count > 1}
    limited = {domain for domain, _ in people if throttles.receivers.get(receiver_by(domain, known))}
    return {domain for domain in shared if not is_free_mail(domain)} | limited


def _pairs(campaign: Campaign, lineups: Mapping[int, Lineup]) -> set[tuple[int, int]]:
    """Return which mailbox carries which campaign, of this one and of all that run in its workspace.

    lineups: who carries campaigns instead of those who do.
    """
    running = Campaign.objects.filter(workspace=campaign.workspace_id, state=CampaignState.RUNNING)
    ids = {campaign.pk, *running.values_list("pk", flat=True)}
    chosen = CampaignMailbox.objects.filter(campaign__in=ids - lineups.keys()).values_list("campaign_id", "mailbox_id")
    instead = {(pk, turn.mailbox_id) for pk, lineup in lineups.items() for turn in lineup.turns}
    # Follow-ups stay with their mailbox, also when the campaign has other senders by now.
    bound = Enrollment.objects.filter(campaign__in=ids, state__in=WAITING, mailbox__isnull=False)
    return {*chosen, *instead, *bound.values_list("campaign_id", "mailbox_id").order_by().distinct()}


def _connected(campaign_id: int, pairs: Collection[tuple[int, int]]) -> set[int]:
    found, mailboxes = {campaign_id}, set[int]()
    while True:
        reached = {pk for one, pk in pairs if one in found} - mailboxes
        if not reached:
            return found
        mailboxes |= reached
        found |= {one for one, pk in pairs if pk in reached}


def _lineups(loaded: Collection[int], now: datetime) -> dict[int, Lineup]:
    """Return who carries each of the campaigns."""
    chosen: dict[int, list[Turn]] = defaultdict(list)
    rows = CampaignMailbox.objects.filter(campaign__in=loaded).order_by("mailbox")
    for campaign_id, mailbox_id, weight in rows.values_list("campaign_id", "mailbox_id", "weight"):
        chosen[campaign_id].append(Turn(mailbox_id, weight))
    even = {pk: Lineup(Rotation.EVEN, tuple(chosen[pk])) for pk in loaded}
    sharings = sharings_of(loaded, now=now)
    return even | {pk: Lineup(one.mode, tuple(one.turns.of.values())) for pk, one in sharings.items()}


def _campaigns(
    loaded: Mapping[int, CampaignPlan],
    pace: Pace,
    now: datetime,
    roads: Mapping[int, Roads],
    lineups: Mapping[int, Lineup],
) -> tuple[ScenarioCampaign, ...]:
    of_loaded = Enrollment.objects.filter(campaign__in=loaded, begun_at__isnull=False).order_by()
    last = dict(of_loaded.values_list("campaign_id").annotate(last=Max("begun_at")))
    begun: dict[int, list[datetime]] = defaultdict(list)
    today = of_loaded.filter(begun_at__gt=now - pace.day).order_by("begun_at")
    for campaign_id, at in today.values_list("campaign_id", "begun_at"):
        begun[campaign_id].append(at or now)
    sent: dict[int, list[datetime]] = defaultdict(list)
    spent = Spending.objects.filter(campaign_id__in=list(loaded), spent_at__gt=now - pace.day).order_by("spent_at")
    for of_campaign, at in spent.values_list("campaign_id", "spent_at"):
        sent[of_campaign or 0].append(at)
    return tuple(
        ScenarioCampaign(
            id=plan.id,
            schedule=plan.schedule,
            steps=tuple(ScenarioStep(step.id, step.position, step.wait) for step in plan.steps),
            mailbox_ids=tuple(sorted(turn.mailbox_id for turn in lineups[plan.id].turns)),
            new_leads_limit=plan.new_leads_per_day,
            weight=plan.priority.weight,
            begun=tuple(begun[plan.id]),
            last_begun=last.get(plan.id),
            daily_limit=plan.daily_limit,
            sent=tuple(sent[plan.id]),
            rotation=lineups[plan.id].rotation,
            turns=lineups[plan.id].turns,
            ways=roads[plan.id].ways,
        )
        for plan in loaded.values()
    )


def _books(
    mailboxes: Mapping[int, Mailbox], cooling: Mapping[int, Sequence[Cooling]], pace: Pace, now: datetime
) -> tuple[ScenarioMailbox, ...]:
    spent: dict[int, list[Outgo]] = defaultdict(list)
    for mailbox_id, at, is_new in (
        Spending.objects.filter(mailbox__in=mailboxes, spent_at__gt=now - pace.day)
        .order_by("spent_at")
        .values_list("mailbox_id", "spent_at", "is_new_lead")
    ):
        spent[mailbox_id].append(Outgo(at, is_new))
    clocks = {clock.mailbox_id: clock for clock in MailboxClock.objects.filter(mailbox__in=mailboxes)}
    return tuple(
        ScenarioMailbox(
            id=pk,
            limits=limits_of(row, health=clocks[pk].health),
            free_at=clocks[pk].free_at,
            spent=tuple(spent[pk]),
            ramp_days=clocks[pk].ramp_days,
            ramp_day_at=clocks[pk].ramp_day_at,
            is_clean=_is_clean(clocks[pk]),
            backoff_until=clocks[pk].backoff_until,
            provider=receiver_at(row.smtp_host, row.address, row.sign_in),
            leaves_alone=tuple((one.side, one.until) for one in cooling.get(pk, ())),
        )
        for pk, row in mailboxes.items()
    )


def _is_clean(clock: MailboxClock) -> bool:
    """Say whether nothing bad has happened on the sending day under way, as sending.mailboxes.spending asks it."""
    return clock.bad_at is None or clock.ramp_day_at is None or clock.bad_at < clock.ramp_day_at
