"""The waterfall of a campaign's day: who was due, less each cause, is who was written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.contacts.queries import providers_of
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from sending.ledger.days import bounds_of
from sending.ledger.kinds import EventKind, StretchScope
from sending.ledger.stretches import stretches_between
from sending.mailboxes.cooling import side_of
from sending.mailboxes.models import Mailbox
from sending.pacing import Pace
from sending.pacing.history import Span
from sending.pacing.receivers import Receiver
from sending.planner.claim.branching import due_behind
from sending.planner.claim.facts import zone_by
from sending.planner.claim.rotating import sharings_of
from sending.planner.explain.past import campaign_pauses, cooldowns, mailbox_pauses
from sending.planner.explain.places import Place, place_of
from sending.planner.models import CampaignMailbox, Enrollment
from sending.reports.core import SENT, DayOfCampaign, LastWord, Way, counted

_SENT = """
SELECT DISTINCT ON (enrollment_id) enrollment_id, at, (data ->> 'position')::int
  FROM ledger_event
 WHERE campaign_id = %s AND kind IN ('sent', 'assumed_sent') AND at < %s AND enrollment_id IS NOT NULL
 ORDER BY enrollment_id, id DESC
"""
_LAST = """
SELECT DISTINCT ON (enrollment_id) enrollment_id, kind, at, data ->> 'code', data ->> 'until', data ->> 'reason'
  FROM ledger_event
 WHERE campaign_id = %s AND kind = ANY(%s) AND at < %s AND enrollment_id IS NOT NULL
 ORDER BY enrollment_id, id DESC
"""
_ENDS = (EventKind.STOPPED, EventKind.SKIPPED, EventKind.FINISHED)
_UNDER_WAY = (EventKind.DEFERRED, EventKind.IN_DOUBT, EventKind.SENT_AGAIN)
_WORDS = (
    *_ENDS, *_UNDER_WAY, EventKind.HELD, EventKind.RELEASED, EventKind.SENT, EventKind.ASSUMED_SENT,
    EventKind.SETTLED, EventKind.CANCELLED, EventKind.BRANCHED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the waterfall: how many of those who were due have this cause, and where it is set."""

    cause: str
    count: int
    place: Place | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A day of a campaign, in the workspace's zone: due less the rows before the last is the last, always."""

    day: date
    is_today: bool
    due: int
    rows: Sequence[Row]
    causes: Mapping[int, str]  # by enrollment

    def people(self, cause: str) -> list[int]:
        """Return the enrollments behind a row."""
        return [pk for pk, one in self.causes.items() if one == cause]


def waterfall_of(campaign: Campaign, day: date, *, now: datetime) -> Waterfall:
    """Return the waterfall of a day of a campaign (its workspace is loaded), up to `now` where it is today."""
    begin, midnight = bounds_of(day, ZoneInfo(campaign.workspace.time_zone))
    end = max(begin, min(midnight, now))
    plan = plans([campaign.pk])[campaign.pk]
    chosen = CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox_id", "mailbox__address")
    left_alone = cooldowns(campaign.workspace_id, dict(chosen), before=end)
    ways = _ways(campaign, plan, end, left_alone)
    of_day = _day(campaign, plan, ways, (begin, end, midnight), left_alone)
    found = {way.id: of_day.cause_of(way) for way in ways}
    causes = {pk: cause for pk, cause in found.items() if cause is not None}
    rows = [Row(cause, count, _place(cause, campaign.pk)) for cause, count in counted(causes)]
    return Waterfall(day, begin <= now < midnight, len(causes), rows, causes)


def _place(cause: str, campaign_id: int) -> Place | None:
    return None if cause == SENT else place_of(cause, campaign_id=campaign_id)


def _ways(campaign: Campaign, plan: CampaignPlan, end: datetime, sides: Collection[str]) -> list[Way]:
    """Return everybody in a campaign; sides are those that some mailbox left alone."""
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [campaign.pk, end])
        sent = {pk: (at, position) for pk, at, position in cursor.fetchall()}
        cursor.execute(_LAST, [campaign.pk, [kind.value for kind in _WORDS], end])
        last = {pk: _last_word(*row) for pk, *row in cursor.fetchall()}
    pace = Pace(campaign.workspace.time_scale)
    zones: dict[tuple[str, str, str], tzinfo] = {}
    ways = []
    rows = Enrollment.objects.filter(campaign=campaign, created_at__lt=end).order_by("pk")
    domains = rows.filter(mailbox=None).order_by().values_list("contact__domain", flat=True).distinct() if sides else ()
    known = providers_of(domains)
    side_by = {domain: side_of(domain, known=known.get(domain, "")) for domain in domains}
    for pk, created_at, mailbox_id, receiver, domain, *place in rows.values_list(
        "pk", "created_at", "mailbox_id", "receiver", "contact__domain", "contact__time_zone", "contact__country",
        "contact__region",
    ):  # fmt: skip
        zone_name, country, region = place
        if (zone_name, country, region) not in zones:
            zones[zone_name, country, region] = zone_by(plan, zone_name, country, region)[1]
        zone = zones[zone_name, country, region]
        sent_at, position = sent.get(pk, (None, 0))
        due_at = created_at if sent_at is None else _due(sent_at, position or 1, plan, zone, pace)
        word = last.get(pk)
        if word is not None and word.led_until is not None:
            due_at = word.led_until
        box = mailbox_id if sent_at is not None else None
        side = side_by.get(domain, "")
        ways.append(Way(pk, created_at, zone, sent_at, due_at, box, word, receiver, side))
    return ways


def _due(sent_at: datetime, position: int, plan: CampaignPlan, zone: tzinfo, pace: Pace) -> datetime | None:
    return due_behind(plan, position + 1, sent_at, zone, pace)


def _last_word(kind: str, at: datetime, code: str | None, until: str | None, reason: str | None) -> LastWord | None:
    if kind in _ENDS:
        return LastWord(at, ended=reason or kind)
    if kind in _UNDER_WAY:
        return LastWord(at, is_under_way=True)
    if kind == EventKind.BRANCHED:
        return LastWord(at, led_until=datetime.fromisoformat(until) if until else None)
    if kind == EventKind.HELD:
        return LastWord(at, held=code or "", until=datetime.fromisoformat(until) if until else None)
    return None


def _day(
    campaign: Campaign,
    plan: CampaignPlan,
    ways: Sequence[Way],
    span: tuple[datetime, datetime, datetime],
    left_alone: Mapping[str, Sequence[Span]],
) -> DayOfCampaign:
    begin, end, midnight = span
    chosen = CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox_id", flat=True)
    carriers = sorted(chosen)
    sharing = sharings_of([campaign.pk], now=end).get(campaign.pk)
    every = {*carriers, *(way.mailbox_id for way in ways if way.mailbox_id is not None)}
    addresses = dict(Mailbox.objects.filter(pk__in=every).values_list("pk", "address"))
    by_scope: dict[str, list[Span]] = {scope.value: [] for scope in StretchScope}
    for one in stretches_between(begin, end, mailboxes=sorted(every), campaigns=[campaign.pk]):
        by_scope[one.scope].append(
            Span(one.begun_at, one.until, one.code, one.words, one.mailbox_id or None, of_many=True)
        )
    return DayOfCampaign(
        begin=begin,
        end=end,
        midnight=midnight,
        schedule=plan.schedule,
        mailboxes=carriers,
        begins={one: [pk for pk in carriers if sharing.may_begin(pk, one)] for one in Receiver} if sharing else {},
        of_all=[
            *by_scope[StretchScope.EVERYBODY],
            *campaign_pauses(campaign.workspace_id, campaign.pk, before=end),
            *mailbox_pauses(campaign.workspace_id, addresses, before=end),
        ],
        of_new=by_scope[StretchScope.NEW_LEADS],
        of_follow_ups=by_scope[StretchScope.FOLLOW_UPS],
        left_alone=left_alone,
    )
