"""Why somebody was not written to on a day: told from the ledger, the holds of mailboxes and the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from campaigns.contacts.queries import providers_of
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.positions import step_name
from campaigns.sequences.telling import EditKind
from outreach.kit.words import plural
from sending.ledger.days import bounds_of
from sending.ledger.kinds import EventKind, StretchScope
from sending.ledger.models import Event
from sending.ledger.queries import count_on, events_of_enrollment, events_of_kinds
from sending.ledger.stretches import stretches_between
from sending.mailboxes.cooling import name_of, side_of
from sending.pacing import UNTIL_MENDED, HoldCode, Pace
from sending.pacing.history import Cause, Span, closed_spans, main_reason, timeline
from sending.planner.claim.branching import due_behind
from sending.planner.claim.facts import zone_of
from sending.planner.claim.rotating import sharings_of
from sending.planner.models import CampaignMailbox, Enrollment

_STORY = (
    EventKind.HELD, EventKind.RELEASED, EventKind.ATTEMPTED, EventKind.SENT, EventKind.ASSUMED_SENT,
    EventKind.DEFERRED, EventKind.IN_DOUBT, EventKind.SETTLED, EventKind.SENT_AGAIN, EventKind.FAILED,
    EventKind.CANCELLED, EventKind.STOPPED, EventKind.SKIPPED, EventKind.FINISHED, EventKind.BRANCHED,
)  # fmt: skip
_OF_SCHEDULE = [EditKind.SCHEDULE_CHANGED.value, EditKind.CLOSED_DAYS_CHANGED.value]
_ENDS = {EventKind.STOPPED, EventKind.SKIPPED, EventKind.FINISHED}
_WENT = {EventKind.SENT, EventKind.ASSUMED_SENT}


@dataclass(frozen=True, slots=True)
class PastDay:
    """A day of somebody in a campaign: what left, what bound at each moment, and what mattered most."""

    day: date
    begin: datetime
    end: datetime  # of what has passed of it
    zone: tzinfo  # of the recipient
    sent: Sequence[Event]
    line: Sequence[Span]
    reason: Span | None  # None where something left, or nothing of the day has passed
    changed: Event | None = None  # the first edit of the schedule since: closed hours are told by that of now


def past_day(row: Enrollment, day: date, *, now: datetime) -> PastDay:
    """Return the day, in the workspace's zone, of an enrollment (contact, campaign and workspace are loaded)."""
    begin, finish = bounds_of(day, ZoneInfo(row.workspace.time_zone))
    end = max(begin, min(finish, now))
    plan = plans([row.campaign_id])[row.campaign_id]
    zone_name, zone = zone_of(plan, row.contact)
    events = events_of_enrollment(row.contact_id, row.pk, kinds=_STORY, before=end)
    mailboxes = _mailboxes(row, before=begin, now=now)
    spans = [
        *_of_person(row, events, plan, zone, end),
        *closed_spans(plan.schedule, zone, zone_name, begin, end),
        *campaign_pauses(row.workspace_id, row.campaign_id, before=end),
        *mailbox_pauses(row.workspace_id, mailboxes, before=end),
        *_of_many(row, mailboxes, events, begin, end),
        *_left_alone(row, mailboxes, events, end),
    ]
    left = count_on(row.workspace_id, day, EventKind.ATTEMPTED, mailboxes=mailboxes)
    words = (
        f"In line: others went first. {plural(left, 'message,messages')} left its mailboxes on that day."
        if left
        else "Nothing is known to have held it, and nothing left its mailboxes on that day: perhaps no worker ran."
    )
    line = timeline(begin, end, spans, mailboxes=mailboxes, in_line=words) if begin < end else []
    sent = [one for one in events if one.kind in _WENT and one.at >= begin]
    edit = schedule_changed_since(row.campaign_id, begin)
    return PastDay(day, begin, end, zone, sent, line, None if sent else main_reason(line), edit)


def schedule_changed_since(campaign_id: int, begin: datetime) -> Event | None:
    """Return the first edit of a campaign's schedule, or of its workspace's closed days, since an instant."""
    edits = Event.objects.filter(campaign_id=campaign_id, kind=EventKind.EDITED, at__gte=begin)
    return edits.filter(data__what__in=_OF_SCHEDULE).order_by("at", "pk").first()


def campaign_pauses(workspace_id: int, campaign_id: int, *, before: datetime) -> list[Span]:
    """Return when a campaign stood still before an instant."""
    events = events_of_kinds(workspace_id, (EventKind.PAUSED, EventKind.RESUMED), before=before)
    own = [one for one in events if one.campaign_id == campaign_id]
    return [
        Span(one.at, until, HoldCode.CAMPAIGN_PAUSED, str(one.data.get("reason") or "It was paused."), of_many=True)
        for one, until in _with_next(own, before)
        if one.kind == EventKind.PAUSED
    ]


def mailbox_pauses(workspace_id: int, addresses: Mapping[int, str], *, before: datetime) -> list[Span]:
    """Return when mailboxes (id -> address) carried nothing before an instant."""
    events = events_of_kinds(workspace_id, (EventKind.MAILBOX_PAUSED, EventKind.MAILBOX_RESUMED), before=before)
    spans = []
    for pk, address in addresses.items():
        for one, until in _with_next([one for one in events if one.mailbox_id == pk], before):
            if one.kind == EventKind.MAILBOX_PAUSED:
                words = f"{address} carried nothing: {one.data.get('words') or 'it was paused'}"
                spans.append(Span(one.at, until, HoldCode.MAILBOX_STATE, words, pk, of_many=True))
    return spans


def cooldowns(workspace_id: int, addresses: Mapping[int, str], *, before: datetime) -> dict[str, list[Span]]:
    """Return when mailboxes (id -> address) left anybody alone before an instant, by the side that they did."""
    found: dict[str, list[Span]] = {}
    told: dict[tuple[int, str], list[Event]] = {}
    for event in events_of_kinds(workspace_id, (EventKind.MAILBOX_COOLED,), before=before):
        if event.mailbox_id is not None and event.mailbox_id in addresses:
            told.setdefault((event.mailbox_id, str(event.data.get("side", ""))), []).append(event)
    for (pk, side), events in told.items():
        for one, following in _with_next(events, before):
            until = min(datetime.fromisoformat(one.data["until"]), following)
            words = f"{addresses[pk]} leaves {name_of(side)} alone: {one.data.get('words', '')}"
            if until > one.at:
                found.setdefault(side, []).append(Span(one.at, until, HoldCode.COOLDOWN, words, pk, of_many=True))
    return found


def _left_alone(row: Enrollment, mailboxes: Mapping[int, str], events: Sequence[Event], end: datetime) -> list[Span]:
    """Return when its mailboxes left the person alone, as long as nothing had gone to them: other mailboxes may."""
    spans = cooldowns(row.workspace_id, mailboxes, before=end)
    if not spans:
        return []
    domain = row.contact.domain
    own = spans.get(side_of(domain, known=providers_of([domain]).get(domain, "")), [])
    first_sent = next((event.at for event in events if event.kind in _WENT), end)
    return [replace(one, end=min(one.end, first_sent)) for one in own if one.begin < first_sent]


def _mailboxes(row: Enrollment, *, before: datetime, now: datetime) -> dict[int, str]:
    """Return the mailboxes that could have carried the message, by id: its own once it has one, else the campaign's.

    Of the campaign's, those that begin such people by the rotation of today.
    """
    own = {row.mailbox.pk: row.mailbox.address} if row.mailbox else {}
    if own and row.begun_at is not None and row.begun_at < before:
        return own
    chosen = CampaignMailbox.objects.filter(campaign=row.campaign_id).order_by("mailbox_id")
    sharing = sharings_of([row.campaign_id], now=now).get(row.campaign_id)
    return {
        pk: address
        for pk, address in chosen.values_list("mailbox_id", "mailbox__address")
        if sharing is None or sharing.may_begin(pk, row.receiver)
    } or own


def _of_person(row: Enrollment, events: Sequence[Event], plan: CampaignPlan, zone: tzinfo, end: datetime) -> list[Span]:
    spans = [Span(datetime.min.replace(tzinfo=UTC), row.created_at, Cause.NOT_ENROLLED, "Not in the campaign yet.")]
    position = 0
    for event, until in _with_next(events, end):
        words = str(event.data.get("words") or event.data.get("text") or event.data.get("reason") or "")
        if event.kind == EventKind.HELD:
            spans += _hold(event, words, until)
        elif event.kind in {EventKind.DEFERRED, EventKind.IN_DOUBT}:
            spans.append(Span(event.at, until, Cause.UNDER_WAY, words or "A message was under way."))
        elif event.kind in _ENDS:
            spans.append(Span(event.at, _led_on(events, event, end), Cause.OVER, words or "The sequence was done."))
        elif event.kind == EventKind.BRANCHED and event.data.get("until"):
            planned = datetime.fromisoformat(event.data["until"])
            spans.append(Span(event.at, max(event.at, min(planned, until)), Cause.WAIT, words))
        elif event.kind in _WENT:
            position = int(event.data.get("position") or position + 1)
            spans += _wait(event.at, position, plan, zone, Pace(row.workspace.time_scale))
    return spans


def _led_on(events: Sequence[Event], ended: Event, end: datetime) -> datetime:
    """Return when an answer led somebody on whose sequence had ended; `end` where none did."""
    led = (one.at for one in events if one.kind == EventKind.BRANCHED and one.pk > ended.pk)
    return next(led, end)


def _hold(event: Event, words: str, until: datetime) -> list[Span]:
    """Return the hold of a person; outside of the windows is told by the schedule, which needs no looks."""
    code = str(event.data.get("code", ""))
    if code == HoldCode.WINDOW:
        return []
    planned = datetime.fromisoformat(event.data["until"]) if event.data.get("until") else until
    return [Span(event.at, until if code in UNTIL_MENDED else max(event.at, min(planned, until)), code, words)]


def _wait(sent_at: datetime, position: int, plan: CampaignPlan, zone: tzinfo, pace: Pace) -> list[Span]:
    due = due_behind(plan, position + 1, sent_at, zone, pace)
    if due is None:
        return []
    behind = f"behind step {step_name(position)}"
    step = plan.step_from(position + 1)
    if step is None or plan.ways_at(position + 1):
        words = f"Which way they go {behind} is decided when the shortest wait is over."
    else:
        unit = step.wait.unit.removesuffix("s").replace("_", " ")
        words = f"Step {step.name} waits {plural(step.wait.amount, unit)} {behind}."
    return [Span(sent_at, due, Cause.WAIT, words)] if due > sent_at else []


def _of_many(
    row: Enrollment, mailboxes: Mapping[int, str], events: Sequence[Event], begin: datetime, end: datetime
) -> list[Span]:
    """Return what held its campaign and its mailboxes as a whole, as far as it held somebody like them."""
    first_sent = next((event.at for event in events if event.kind in _WENT), None)
    spans = []
    for one in stretches_between(begin, end, mailboxes=list(mailboxes), campaigns=[row.campaign_id]):
        start, stop = one.begun_at, one.until
        if one.scope == StretchScope.NEW_LEADS:
            stop = min(stop, first_sent or stop)
        elif one.scope == StretchScope.FOLLOW_UPS:
            start = max(start, first_sent or stop)
        if start < stop:
            words = f"{mailboxes[one.mailbox_id]}: {one.words}" if one.mailbox_id else one.words
            spans.append(Span(start, stop, one.code, words, one.mailbox_id or None, of_many=True))
    return spans


def _with_next(events: Sequence[Event], end: datetime) -> list[tuple[Event, datetime]]:
    """Return each event with the instant at which the next one came."""
    return [(one, following.at) for one, following in pairwise(events)] + [(one, end) for one in events[-1:]]
