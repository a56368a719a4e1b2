"""The people of a scene: those who wait, and those whom a launch would enroll, as the simulation takes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import NamedTuple

from django.db.models import Q

from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.queries import providers_of, suppressed_keys
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan
from sending.mailboxes.cooling import Cooling
from sending.pacing import UNTIL_MENDED, DropCode, HoldCode, Pace, Send, address_gate
from sending.pacing.receivers import Receiver, receiver_of
from sending.pacing.scenario import ScenarioPerson
from sending.pacing.waits import opening_after, wait_over
from sending.planner.claim.addresses import Addresses
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.claim.facts import zone_by
from sending.planner.claim.held import Held
from sending.planner.forecast.roads import Roads
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

_COLUMNS = (
    "workspace_id", "pk", "campaign_id", "mailbox_id", "state", "next_position", "due_at", "hold_code",
    "contact__time_zone", "contact__country", "contact__region", "contact__email_key", "contact_id", "contact__domain",
    "receiver", "last_sent_at", "absent_until", "led_to", "led_until", "contact__verdict",
)  # fmt: skip
_DRAFTS = 1 << 62
_KEPT = UNTIL_MENDED - {HoldCode.NO_CONSENT}  # known from their hold alone; the consent is asked for anew
WAITING = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]


def draft_number(contact_id: int) -> int:
    """Return what stands for the enrollment that a launch would make of a contact: no enrollment has such a number."""
    return _DRAFTS + contact_id


class Row(NamedTuple):
    """What is read of somebody who waits; of a draft's audience, what a launch would make of them."""

    workspace_id: int
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
    verdict: str = ""  # on the address


def enrolled(campaign_ids: Collection[int]) -> list[Row]:
    """Return those of these campaigns who have a step to come: who wait, are under way, or are led on by an answer."""
    led = Q(state=EnrollmentState.STOPPED, led_to__isnull=False)  # by their answer, once nothing is under way
    rows = Enrollment.objects.filter(Q(state__in=WAITING) | led, campaign__in=campaign_ids)
    return [Row(*row) for row in rows.values_list(*_COLUMNS)]


def audience_rows(campaign: Campaign) -> list[Row]:
    """Return the contacts whom a launch would enroll."""
    rows = audience_contacts(campaign).order_by("pk")
    columns = ("pk", "time_zone", "country", "region", "email_key", "domain", "verdict")
    found = list(rows.values_list(*columns))
    known = providers_of({domain for *_, domain, _verdict in found})
    return [
        Row(
            campaign.workspace_id,
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
            receiver_by(domain, known),
            verdict=verdict,
        )
        for pk, zone_name, country, region, key, domain, verdict in found
    ]


class Lines:
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

    def of(
        self,
        rows: Sequence[Row],
        *,
        carrying: Collection[int],
        cooling: Mapping[int, Sequence[Cooling]],
        workspace_id: int,
    ) -> list[ScenarioPerson]:
        """Return those for whom a step is to come by itself; count those for whom none is.

        cooling: what the carrying mailboxes leave alone.
        """
        suppressed = suppressed_keys(workspace_id, {row.email_key for row in rows})
        addresses = Addresses({row.domain for row in rows})
        consents = Consents((_addressed(row) for row in rows), {workspace_id: self._pace})
        held = Held(cooling, rows, now=self._now)
        for pk, roads in self.roads.items():
            roads.ask([row.contact_id for row in rows if row.campaign_id == pk])
        found = []
        for row in rows:
            if row.email_key in suppressed or held.refused(row.campaign_id, row.mailbox_id, row):
                self.stuck[row.campaign_id][DropCode.SUPPRESSED] += 1
            elif unfit := self._unfit(row, addresses):
                self.stuck[row.campaign_id][unfit] += 1
            elif row.pk not in self._mended and consents.lacking(row.campaign_id, row.contact_id):
                self.stuck[row.campaign_id][HoldCode.NO_CONSENT] += 1
            elif row.hold_code in _KEPT and row.pk not in self._mended:
                self.stuck[row.campaign_id][row.hold_code] += 1
            elif endless := held.endless(row):
                self.stuck[row.campaign_id][endless] += 1
            elif row.mailbox_id is not None and row.mailbox_id not in carrying:
                self.stuck[row.campaign_id][HoldCode.MAILBOX_STATE] += 1
            else:
                until = max((one.until for one in held.of(row.mailbox_id, row)), default=None)
                people = self._person(row) if until is None else _not_before(until, self._person(row))
                # Whichever mailbox looks at them first: it may be one that their provider distrusts.
                is_open = bool(cooling) and row.mailbox_id is None
                found += [replace(one, side=held.side_of(row)) for one in people] if is_open else people
        return found

    def _unfit(self, row: Row, addresses: Addresses) -> str:
        """Return what leaves the address out, or holds it for a second look that nobody can foresee; "" for nothing."""
        facts = addresses.facts(row.email_key, row.domain, skips_roles=self._plans[row.campaign_id].skips_roles)
        verdict = address_gate(facts, is_follow_up=row.mailbox_id is not None, now=self._now, pace=self._pace)
        return "" if isinstance(verdict, Send) else verdict.code.value

    def _person(self, row: Row) -> list[ScenarioPerson]:
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
                row.pk,
                row.campaign_id,
                place,
                due,
                zone,
                row.mailbox_id,
                row.contact_id,
                domain,
                receiver,
                way,
                is_anybodys=row.verdict == AddressVerdict.CATCH_ALL,
            )
        ]

    @staticmethod
    def _position_of(row: Row) -> int:
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


def _addressed(row: Row) -> Addressed:
    return Addressed(row.workspace_id, row.campaign_id, row.contact_id, row.country, row.domain)


def _not_before(until: datetime, people: Sequence[ScenarioPerson]) -> list[ScenarioPerson]:
    return [replace(one, due_at=max(one.due_at, until)) for one in people]


def receiver_by(domain: str, known: Mapping[str, str]) -> Receiver:
    return receiver_of(domain, known=known.get(domain, ""))
