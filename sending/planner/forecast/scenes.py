"""Load what a forecast starts from: a campaign, all who share its mailboxes, and the books of those mailboxes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from django.db.models import Max, Q

from campaigns.contacts.queries import providers_of, suppressed_keys
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from sending.mailboxes.budgets import limits_of
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.presets import receiver_at
from sending.mailboxes.states import MailboxState
from sending.pacing import UNTIL_MENDED, DropCode, HoldCode, Pace, Send, address_gate
from sending.pacing.receivers import Receiver, is_free_mail, receiver_of
from sending.pacing.rotation import Rotation, Turn
from sending.pacing.scenario import (
    Outgo,
    Received,
    Scenario,
    ScenarioCampaign,
    ScenarioMailbox,
    ScenarioPerson,
    ScenarioStep,
)
from sending.pacing.throttles import ThrottleLimits
from sending.pacing.waits import opening_after, wait_over
from sending.planner.claim.addresses import Addresses
from sending.planner.claim.facts import zone_by
from sending.planner.claim.rotating import sharings_of
from sending.planner.claim.throttling import limits_of as throttles_of_workspaces
from sending.planner.forecast.roads import Roads
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.states import EnrollmentState

_ROW = (
    "pk", "campaign_id", "mailbox_id", "state", "next_position", "due_at", "hold_code", "contact__time_zone",
    "contact__country", "contact__region", "contact__email_key", "contact_id", "contact__domain", "receiver",
    "last_sent_at", "absent_until", "led_to", "led_until",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario, the mailboxes in it by id, and how many of the campaign's people no forecast can move, by reason."""

    scenario: Scenario
    mailboxes: Mapping[int, Mailbox]
    stuck: Mapping[str, int]


def scene_of(
    campaign: Campaign, *, now: datetime, mended: Collection[int] = (), revived: Collection[int] = ()
) -> Scene:
    """Return the scene of a campaign as if it ran from `now` on: a draft is launched, a paused one resumed.

    The other running campaigns that share its mailboxes, directly or by way of others, take part: they take places.
    `mended` are enrollments whose own hold is lifted, `revived` are mailboxes that carry mail although they do not.
    """
    pairs = _pairs(campaign)
    campaign_ids = _connected(campaign.pk, pairs)
    loaded = plans(campaign_ids)
    pace = Pace(Workspace.objects.values_list("time_scale", flat=True).get(pk=campaign.workspace_id))
    mailboxes = {
        row.pk: row
        for row in Mailbox.objects.filter(pk__in={pk for one, pk in pairs if one in campaign_ids}).order_by("pk")
    }
    rows = _enrolled(campaign_ids) + (_audience(campaign) if campaign.state == CampaignState.DRAFT else [])
    carrying = {pk for pk, row in mailboxes.items() if row.state == MailboxState.ACTIVE or pk in revived}
    throttles = throttles_of_workspaces({campaign.workspace_id: pace})[campaign.workspace_id]
    touches = _touches(campaign.workspace_id, now - pace.day) if throttles else ()
    known = providers_of({row.domain for row in rows} | {one.domain for one in touches}) if throttles else {}
    watched = _watched(rows, throttles, touches, known)
    lines = _Lines(loaded, pace, now, mended=mended, watched=watched)
    people = lines.of(rows, carrying=carrying, workspace_id=campaign.workspace_id)
    scenario = Scenario(
        now=now,
        pace=pace,
        mailboxes=_books({pk: mailboxes[pk] for pk in sorted(carrying)}, pace, now),
        campaigns=_campaigns(loaded, pace, now, lines.roads),
        people=tuple(people),
        throttles=throttles,
        touches=tuple(one for one in touches if one.domain in watched),
        known=known,
    )
    return Scene(scenario, mailboxes, dict(lines.stuck[campaign.pk]))


def sharers(campaign: Campaign) -> tuple[set[int], set[int]]:
    """Return the campaign with all that share its mailboxes, directly or by way of others, and these mailboxes."""
    pairs = _pairs(campaign)
    campaign_ids = _connected(campaign.pk, pairs)
    return campaign_ids, {pk for one, pk in pairs if one in campaign_ids}


def draft_number(contact_id: int) -> int:
    """Return what stands for the enrollment that a launch would make of a contact: no enrollment has such a number."""
    return _DRAFTS + contact_id


_DRAFTS = 1 << 62
_WAITING = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]


class _Row(NamedTuple):
    """What is read of somebody who waits; of a draft's audience, what a launch would make of them."""

    pk: int
    campaign_id: int
    mailbox_id: int | None
    state: str
    next_position: int
    due_at: datetime | None
    hold_code: str
    zone_name: str
    country: str
    region: str
    email_key: str
    contact_id: int
    domain: str
    receiver: str
    last_sent_at: datetime | None = None
    absent_until: datetime | None = None
    led_to: int | None = None
    led_until: datetime | None = None


def _enrolled(campaign_ids: Collection[int]) -> list[_Row]:
    led = Q(state=EnrollmentState.STOPPED, led_to__isnull=False)  # by their answer, once nothing is under way
    rows = Enrollment.objects.filter(Q(state__in=_WAITING) | led, campaign__in=campaign_ids)
    return [_Row(*row) for row in rows.values_list(*_ROW)]


def _audience(campaign: Campaign) -> list[_Row]:
    """Return the contacts whom a launch would enroll."""
    rows = audience_contacts(campaign).order_by("pk")
    columns = ("pk", "time_zone", "country", "region", "email_key", "domain")
    found = list(rows.values_list(*columns))
    known = providers_of({domain for *_, domain in found})
    return [
        _Row(
            draft_number(pk),
            campaign.pk,
            None,
            EnrollmentState.ACTIVE,
            1,
            None,
            "",
            zone_name,
            country,
            region,
            key,
            pk,
            domain,
            _receiver(domain, known),
        )
        for pk, zone_name, country, region, key, domain in found
    ]


class _Lines:
    """Turns rows into the people of a scenario."""

    def __init__(
        self,
        loaded: Mapping[int, CampaignPlan],
        pace: Pace,
        now: datetime,
        *,
        mended: Collection[int],
        watched: Collection[str],
    ) -> None:
        """Watched are the domains that a throttle could hold."""
        self._plans = loaded
        self._mended = mended
        self._watched = watched
        self._pace = pace
        self._now = now
        self._zones: dict[tuple[int, str, str, str], tzinfo] = {}
        self.roads = {pk: Roads(plan) for pk, plan in loaded.items()}
        self.stuck: dict[int, Counter[str]] = defaultdict(Counter)

    def of(self, rows: Sequence[_Row], *, carrying: Collection[int], workspace_id: int) -> list[ScenarioPerson]:
        """Return those for whom a step is to come by itself; count those for whom none is."""
        suppressed = suppressed_keys(workspace_id, {row.email_key for row in rows})
        addresses = Addresses({row.domain for row in rows})
        for pk, roads in self.roads.items():
            roads.ask([row.contact_id for row in rows if row.campaign_id == pk])
        found = []
        for row in rows:
            if row.email_key in suppressed:
                self.stuck[row.campaign_id][DropCode.SUPPRESSED] += 1
            elif unfit := self._unfit(row, addresses):
                self.stuck[row.campaign_id][unfit] += 1
            elif row.hold_code in UNTIL_MENDED and row.pk not in self._mended:
                self.stuck[row.campaign_id][row.hold_code] += 1
            elif row.mailbox_id is not None and row.mailbox_id not in carrying:
                self.stuck[row.campaign_id][HoldCode.MAILBOX_STATE] += 1
            else:
                found += self._person(row)
        return found

    def _unfit(self, row: _Row, addresses: Addresses) -> str:
        """Return what leaves the address out, or holds it for a second look that nobody can foresee; "" for nothing."""
        facts = addresses.facts(row.email_key, row.domain, skips_roles=self._plans[row.campaign_id].skips_roles)
        verdict = address_gate(facts, is_follow_up=row.mailbox_id is not None, now=self._now, pace=self._pace)
        return "" if isinstance(verdict, Send) else verdict.code.value

    def _person(self, row: _Row) -> list[ScenarioPerson]:
        """Return somebody with the step that is to come, if any; a message on its way counts as sent now."""
        plan, roads = self._plans[row.campaign_id], self.roads[row.campaign_id]
        zone = self._zone(row.campaign_id, row.zone_name, row.country, row.region)
        way = roads.way_of(row.contact_id)
        due = row.due_at or self._now
        if row.led_to is not None:
            place, due = roads.place_of(row.led_to, way), max(self._now, row.led_until or self._now)
        elif row.state == EnrollmentState.SENDING:
            place = roads.behind(row.next_position, way)
            if place is not None:
                due = max(self._over(plan, place, self._now, zone), row.absent_until or self._now)
        else:
            place = roads.place_of(row.next_position, way)
            is_lifted = row.pk in self._mended and bool(row.hold_code)
            due = self._now if is_lifted else due
            has_ways = plan.has_ways or bool(plan.path_names)
            if place is not None and row.last_sent_at is not None and (is_lifted or has_ways):
                due = max(due, row.led_until or self._over(plan, place, row.last_sent_at, zone))  # no hold shortens it
                due = due if is_lifted else opening_after(due, plan.schedule, zone)
        if place is None:
            if roads.is_stuck(self._position_of(row), way):
                self.stuck[row.campaign_id][HoldCode.BROKEN_BRANCH] += 1
            return []
        domain = row.domain if row.domain in self._watched else ""
        receiver = Receiver(row.receiver)
        return [
            ScenarioPerson(
                row.pk, row.campaign_id, place, due, zone, row.mailbox_id, row.contact_id, domain, receiver, way
            )
        ]

    @staticmethod
    def _position_of(row: _Row) -> int:
        """Return where somebody stands, or will once the message that is on its way has left."""
        if row.led_to is not None:
            return row.led_to
        return row.next_position + (row.state == EnrollmentState.SENDING)

    def _over(self, plan: CampaignPlan, place: int, since: datetime, zone: tzinfo) -> datetime:
        return wait_over(since, plan.steps[place].wait, zone, self._pace, closed=plan.schedule.holidays)

    def _zone(self, campaign_id: int, zone_name: str, country: str, region: str) -> tzinfo:
        key = campaign_id, zone_name, country, region
        if key not in self._zones:
            self._zones[key] = zone_by(self._plans[campaign_id], zone_name, country, region)[1]
        return self._zones[key]


def _touches(workspace_id: int, since: datetime) -> tuple[Received, ...]:
    rows = Spending.objects.filter(workspace_id=workspace_id, spent_at__gt=since).order_by("spent_at")
    return tuple(
        Received(pk or 0, domain, at) for pk, domain, at in rows.values_list("contact_id", "domain", "spent_at")
    )


def _receiver(domain: str, known: Mapping[str, str]) -> Receiver:
    return receiver_of(domain, known=known.get(domain, ""))


def _watched(
    rows: Sequence[_Row], throttles: ThrottleLimits, touches: Sequence[Received], known: Mapping[str, str]
) -> set[str]:
    """Return the domains that throttles could hold: those that several people share, and those of limited providers."""
    if not throttles:
        return set()
    people = {(row.domain, row.contact_id) for row in rows} | {(one.domain, one.contact_id) for one in touches}
    shared = {domain for domain, count in Counter(domain for domain, _ in people).items() if count > 1}
    limited = {domain for domain, _ in people if throttles.receivers.get(_receiver(domain, known))}
    return {domain for domain in shared if not is_free_mail(domain)} | limited


def _pairs(campaign: Campaign) -> set[tuple[int, int]]:
    """Return which mailbox carries which campaign, of this one and of all that run in its workspace."""
    running = Campaign.objects.filter(workspace=campaign.workspace_id, state=CampaignState.RUNNING)
    ids = {campaign.pk, *running.values_list("pk", flat=True)}
    chosen = CampaignMailbox.objects.filter(campaign__in=ids).values_list("campaign_id", "mailbox_id")
    # Follow-ups stay with their mailbox, also when the campaign has other senders by now.
    bound = Enrollment.objects.filter(campaign__in=ids, state__in=_WAITING, mailbox__isnull=False)
    return {*chosen, *bound.values_list("campaign_id", "mailbox_id").order_by().distinct()}


def _connected(campaign_id: int, pairs: Collection[tuple[int, int]]) -> set[int]:
    found, mailboxes = {campaign_id}, set[int]()
    while True:
        reached = {pk for one, pk in pairs if one in found} - mailboxes
        if not reached:
            return found
        mailboxes |= reached
        found |= {one for one, pk in pairs if pk in reached}


def _campaigns(
    loaded: Mapping[int, CampaignPlan], pace: Pace, now: datetime, roads: Mapping[int, Roads]
) -> tuple[ScenarioCampaign, ...]:
    chosen: dict[int, dict[int, Turn]] = defaultdict(dict)
    rows = CampaignMailbox.objects.filter(campaign__in=loaded).order_by("mailbox")
    for campaign_id, mailbox_id, weight in rows.values_list("campaign_id", "mailbox_id", "weight"):
        chosen[campaign_id][mailbox_id] = Turn(mailbox_id, weight)
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
    sharings = sharings_of(loaded, now=now)
    return tuple(
        ScenarioCampaign(
            id=plan.id,
            schedule=plan.schedule,
            steps=tuple(ScenarioStep(step.id, step.position, step.wait) for step in plan.steps),
            mailbox_ids=tuple(sorted(chosen[plan.id])),
            new_leads_limit=plan.new_leads_per_day,
            weight=plan.priority.weight,
            begun=tuple(begun[plan.id]),
            last_begun=last.get(plan.id),
            daily_limit=plan.daily_limit,
            sent=tuple(sent[plan.id]),
            rotation=sharings[plan.id].mode if plan.id in sharings else Rotation.EVEN,
            turns=tuple((sharings[plan.id].turns.of if plan.id in sharings else chosen[plan.id]).values()),
            ways=roads[plan.id].ways,
        )
        for plan in loaded.values()
    )


def _books(mailboxes: Mapping[int, Mailbox], pace: Pace, now: datetime) -> tuple[ScenarioMailbox, ...]:
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
        )
        for pk, row in mailboxes.items()
    )


def _is_clean(clock: MailboxClock) -> bool:
    """Say whether nothing bad has happened on the sending day under way, as sending.mailboxes.spending asks it."""
    return clock.bad_at is None or clock.ramp_day_at is None or clock.bad_at < clock.ramp_day_at
