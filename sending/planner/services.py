"""Change who is written to: launch, pause, resume, stop, release."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_ids, unreadable
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from campaigns.sequences.services import move_campaign
from campaigns.sequences.services.holding import locked
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.kit import clock, gate
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.pacing import HoldCode, Pace
from sending.pacing.receivers import DOMAINS, Receiver
from sending.pacing.rotation import Rotation
from sending.planner.claim.branching import due_behind
from sending.planner.claim.facts import zone_of
from sending.planner.entries import entry_of
from sending.planner.errors import NotReady
from sending.planner.lawful.grounds import LACKS_CONSENT, Whom, consent_asked, law_obstacles
from sending.planner.models import CampaignMailbox, CampaignRotation, Enrollment
from sending.planner.queries import rotation_of
from sending.planner.review.readiness import broken_segments, obstacles
from sending.planner.states import ENROLLMENT_MOVES, EnrollmentState, StopReason
from sending.planner.tagging import choose_tags, follow_tags, tagged

# One statement, so that a person on two lists is enrolled once and a second launch adds only who is new; who came first
# is due first.
_ENROLL = """
WITH put AS (
INSERT INTO planner_enrollment (workspace_id, campaign_id, contact_id, state, stop_reason, stop_detail,
                                receiver, next_position, due_at, hold_code, hold_detail, created_at)
SELECT c.workspace_id, %s, c.id, 'active', '', '',
       COALESCE(d.receiver, known.provider, %s), 1, now(), '', '', now()
  FROM contacts_contact c
  LEFT JOIN unnest(%s::varchar[], %s::varchar[]) AS d(domain, receiver) ON d.domain = c.domain
  LEFT JOIN contacts_mail_domain known
    ON known.domain = c.domain AND known.verdict = 'mail' AND known.provider = ANY(%s::varchar[])
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id > %s
   AND NOT EXISTS (SELECT 1 FROM planner_enrollment e WHERE e.campaign_id = %s AND e.contact_id = c.id)
   AND c.id IN ({audience}) AND NOT {unlawful}
 ORDER BY c.id LIMIT %s
ON CONFLICT (campaign_id, contact_id) DO NOTHING
RETURNING contact_id)
SELECT count(*), max(contact_id) FROM put
"""
_PART = 5_000  # contacts that come into a running campaign in one transaction, which holds the campaign's row
logger = logging.getLogger(__name__)
_WAKE = "UPDATE mailboxes_clock SET look_at = now() WHERE mailbox_id = %s AND look_at > now()"


def set_senders(  # noqa: PLR0913  # what a person chooses on one page
    member: Member,
    campaign: Campaign,
    mailbox_ids: Sequence[int],
    *,
    rotation: Rotation | None = None,
    weights: Mapping[int, int] | None = None,
    tags: Sequence[str] | None = None,
) -> None:
    """Make exactly these mailboxes of the workspace carry the campaign, and say how new contacts come to them.

    tags: beside them, whichever mailboxes have one of these, now or later; where None is given, the tags stay.
    weights are by mailbox, 1 to 100; mailboxes that are not named keep theirs, and so does the campaign where no
    rotation is named. Another rotation or another weight lets the turns begin anew. Whoever was written to keeps
    the mailbox. Raises IllegalMove for a stopped or an archived campaign.
    """
    wanted = set(member.workspace.mailbox_set.filter(pk__in=mailbox_ids).values_list("pk", flat=True))
    with transaction.atomic():
        locked(campaign.pk)
        rows = CampaignMailbox.objects.filter(campaign=campaign)
        known = {row.mailbox_id: row for row in rows.select_for_update(no_key=True).order_by("pk")}
        if tags is not None:
            choose_tags(campaign, tags)
        by_tag = set(tagged(campaign)) - wanted
        rows.exclude(mailbox__in=wanted | by_tag).delete()
        CampaignMailbox.objects.bulk_create(
            [
                CampaignMailbox(campaign=campaign, mailbox_id=pk, by_tag=pk in by_tag)
                for pk in sorted((wanted | by_tag) - known.keys())
            ],
            ignore_conflicts=True,  # the tags of all campaigns may be followed at this moment
        )
        rows.filter(mailbox__in=wanted, by_tag=True).update(by_tag=False)
        rows.filter(mailbox__in=by_tag, by_tag=False).update(by_tag=True)
        chosen = {pk: value for pk, value in (weights or {}).items() if pk in wanted | by_tag}
        _set_rotation(campaign, rotation, chosen)
        wake(campaign.pk)


def _set_rotation(campaign: Campaign, rotation: Rotation | None, weights: Mapping[int, int]) -> None:
    rows = CampaignMailbox.objects.filter(campaign=campaign).order_by("pk")
    changed = [row for row in rows if weights.get(row.mailbox_id, row.weight) != row.weight]
    for row in changed:
        row.weight = weights[row.mailbox_id]
    CampaignMailbox.objects.bulk_update(changed, ["weight"])
    before = rotation_of(campaign)
    wanted = rotation or before
    if changed or wanted != before:
        CampaignRotation.objects.update_or_create(campaign=campaign, defaults={"mode": wanted})
        rows.update(moved=0.0, is_keen=True, waits_since=None, held_until=None, receivers=None)


def launch(member: Member, campaign: Campaign) -> int:
    """Enroll the audience and let the campaign run. Returns how many contacts were enrolled.

    Raises NotReady with every obstacle.
    """
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # edits wait in line, as other launches do
        follow_tags(campaign)
        found = obstacles(campaign)
        if found:
            raise NotReady(found)
        now = database_now()
        move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=now)
        count = enroll_audience(campaign)
        if unlawful := law_obstacles(campaign, Whom.ENROLLED):  # who came into the audience while it was looked at
            raise NotReady(tuple(unlawful))
        if broken := broken_segments(campaign):  # a list or field of a condition went while it was read
            raise NotReady(tuple(broken))
        _tell(campaign, EventKind.LAUNCHED, now, by=member, contacts=count)
        wake(campaign.pk)
    return count


def enroll_audience(campaign: Campaign) -> int:
    """Enroll the contacts of the campaign's lists and segments who are not in it yet. Returns how many."""
    return _enroll(campaign)[0]


def _enroll(
    campaign: Campaign, *, after: int = 0, limit: int | None = None, consent: tuple[list[str], list[str]] = ([], [])
) -> tuple[int, int | None]:
    """Enroll so many at most with a contact id above `after`; returns how many, and the last one's.

    consent: countries that need one, whose people are left out without it, and the grounds that are one.
    """
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values: list[Any] = [
        campaign.pk,
        Receiver.OTHER.value,
        list(DOMAINS),
        [one.value for one in DOMAINS.values()],
        [one.value for one in Receiver if one is not Receiver.OTHER],
        campaign.workspace_id,
        after,
        campaign.pk,
        *inside,
        *consent,
        limit,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ENROLL.format(audience=audience, unlawful=LACKS_CONSENT), values)
        count, last = cursor.fetchone()
    return count, last


def grow_audiences() -> int:
    """Enroll who came into the audiences of running campaigns that grow; returns how many. Safe to run twice.

    Each by itself: one that fails is logged, and the others grow.
    """
    growing = Campaign.objects.filter(state=CampaignState.RUNNING, grows=True).order_by("pk")
    total = 0
    for pk in list(growing.values_list("pk", flat=True)):
        try:
            total += _grow(pk)
        except Exception:
            logger.exception("campaign.growth_failed", extra={"campaign_id": pk})
    return total


def _grow(campaign_id: int) -> int:
    """Enroll in parts: a pause shuts the workspace's gate and then waits for the campaign's row."""
    total, after = 0, 0
    while True:
        count, last = _grow_part(campaign_id, after)
        total += count
        if last is None or count < _PART:
            return total
        after = last


def _grow_part(campaign_id: int, after: int) -> tuple[int, int | None]:
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
        if campaign is None or campaign.state != CampaignState.RUNNING or not campaign.grows:
            return 0, None
        broken = unreadable(campaign)
        count, last = _enroll(campaign, after=after, limit=_PART, consent=consent_asked(campaign))
        if count and unreadable(campaign) != broken:
            # A list or field of a condition went between its reading and the statement: whom it excluded may be in.
            transaction.set_rollback(True)
            return 0, None
        if count:
            words = f"{count:,} came into the audience."
            waiting = law_obstacles(campaign, Whom.OUTSIDE)
            words = " ".join([words, *(f"Left out: {one.words}" for one in waiting)])
            about = {"contacts": count, "words": words}
            record([Entry(campaign.workspace_id, EventKind.ENROLLED, clock.now(), campaign_id=campaign.pk, data=about)])
            wake(campaign.pk)
    return count, last


def pause(member: Member, campaign: Campaign) -> None:
    """Let nothing more go out; what has passed its dot cannot be called back."""
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)
        move_campaign(campaign.pk, CampaignState.PAUSED)
        _tell(campaign, EventKind.PAUSED, database_now(), by=member, reason="A person paused it.")


def resume(member: Member, campaign: Campaign) -> None:
    """Let a paused campaign go on. What became due meanwhile is spread by the usual pacing, never sent in a burst."""
    with transaction.atomic():
        move_campaign(campaign.pk, CampaignState.RUNNING)
        _tell(campaign, EventKind.RESUMED, database_now(), by=member)
        wake(campaign.pk)


def take_back(enrollment_id: int, position: int) -> bool:
    """Let a step that counted as done be under way again, because a person has its message sent once more.

    False when the sequence was called off. Runs inside the caller's transaction, which holds the row and knows that no
    later step has been begun. An absence that made the next step wait goes on to do so.
    """
    is_away, is_led = Q(hold_code=HoldCode.ABSENT), Q(led_until__isnull=False, led_to__isnull=True)
    rows = Enrollment.objects.filter(pk=enrollment_id)
    if rows.filter(state=EnrollmentState.SENDING).exists():
        return True  # nothing counted as done yet
    moved = rows.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.FINISHED]).update(
        state=EnrollmentState.SENDING,
        next_position=position,
        led_to=Case(When(is_led, then=F("next_position")), default=F("led_to")),  # an answer goes on to lead there
        absent_until=Case(When(is_away, then=F("due_at")), default=None),
        absent_words=Case(When(is_away, then=F("hold_detail")), default=Value("")),
        due_at=None,
        ended_at=None,
        hold_code="",
        hold_detail="",
        held_since=None,
    )
    return bool(moved)


def stop(enrollment: Enrollment, reason: StopReason, *, detail: str = "") -> bool:
    """Call off the rest of a sequence; False when it was already over.

    After the commit no message of it is marked as leaving. Whoever was stopped by an answer could be led on by it: any
    other reason puts an end to that. Runs inside the caller's transaction.
    """
    gate.hold_shut(enrollment.workspace_id)
    now = database_now()
    allowed = [old for old, targets in ENROLLMENT_MOVES.items() if EnrollmentState.STOPPED in targets]
    answered = Q(state=EnrollmentState.STOPPED, stop_reason=StopReason.REPLIED)
    if reason is StopReason.REPLIED:
        answered &= Q(led_to__isnull=False)  # another answer: what the first one led to is not theirs any more
    moved = Enrollment.objects.filter(Q(state__in=allowed) | answered, pk=enrollment.pk).update(
        state=EnrollmentState.STOPPED,
        stop_reason=reason,
        stop_detail=detail[:300],
        led_to=None,
        led_until=None,
        due_at=None,
        ended_at=now,
        hold_code="",
        hold_detail="",
        held_since=None,
    )
    if moved:
        record([entry_of(enrollment, EventKind.STOPPED, now, reason=reason.value, words=detail)])
    return bool(moved)


def stop_contact(contact: Contact, reason: StopReason, *, detail: str = "") -> int:
    """Call off every sequence of a contact. Returns how many were running. Runs inside the caller's transaction."""
    gate.hold_shut(contact.workspace_id)
    to_come = Q(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING])
    to_be_led = Q(state=EnrollmentState.STOPPED, led_to__isnull=False)
    running = Enrollment.objects.filter(to_come | to_be_led, contact=contact).order_by("pk")
    return sum(stop(enrollment, reason, detail=detail) for enrollment in running)


def postpone(enrollment: Enrollment, until: datetime, *, words: str) -> bool:
    """Let the next step wait until an instant (out of office), never less than it would have waited anyway.

    Where a step is under way, or an answer is about to lead on, the one after it waits. False when nothing is to come
    before that instant. Runs inside the caller's transaction.
    """
    # Locked: the result of a step that is under way may be written down at this moment.
    row = Enrollment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrollment.pk)
    rows, detail = Enrollment.objects.filter(pk=row.pk), words[:300]
    if row.state == EnrollmentState.SENDING or row.led_to is not None:
        plan = plans([row.campaign_id])[row.campaign_id]
        is_last = row.led_to is None and not plan.may_follow(row.next_position + 1)
        longer = Q(absent_until__isnull=True) | Q(absent_until__lt=until)
        return not is_last and bool(rows.filter(longer).update(absent_until=until, absent_words=detail))
    now = database_now()
    moved = rows.filter(state=EnrollmentState.ACTIVE, due_at__lt=until).update(
        due_at=until, hold_code=HoldCode.ABSENT, hold_detail=detail, held_since=now
    )
    if moved:
        data = {"code": HoldCode.ABSENT.value, "words": words, "until": until.isoformat()}
        record([entry_of(row, EventKind.HELD, now, **data)])
    return bool(moved)


def release(enrollment: Enrollment) -> datetime | None:
    """Lift a hold: a person has mended what caused it, or wants it looked at again.

    Returns the instant of the next look: now, or the end of the step's own wait, which no hold shortens. None when
    nothing holds the enrollment.
    """
    with transaction.atomic():
        held = Enrollment.objects.select_for_update(of=("self",)).select_related("contact", "workspace")
        row = held.filter(pk=enrollment.pk, state=EnrollmentState.ACTIVE).exclude(hold_code="").first()
        if row is None:
            return None
        now = database_now()
        due = max(now, _wait_over(row) or now)
        Enrollment.objects.filter(pk=row.pk).update(due_at=due, hold_code="", hold_detail="", held_since=None)
        record([entry_of(row, EventKind.RELEASED, now)])
        wake(row.campaign_id, mailbox_id=row.mailbox_id)
    return due


def wake(campaign_id: int, *, mailbox_id: int | None = None) -> None:
    """Let the next tick look at the campaign's mailboxes (and one more): there is new work. Gaps and limits stay.

    After the commit, and one mailbox at a time: marks lock several clocks in an order of their own, and a transaction
    that held some of them here could wait for one in a circle.
    """
    transaction.on_commit(partial(_wake, campaign_id, mailbox_id), robust=True)


def _wake(campaign_id: int, also: int | None) -> None:
    rows = CampaignMailbox.objects.filter(campaign=campaign_id).values_list("mailbox", flat=True)
    for mailbox_id in sorted({*rows, *([also] if also else [])}):
        with connection.cursor() as cursor:
            cursor.execute(_WAKE, [mailbox_id])


def _wait_over(row: Enrollment) -> datetime | None:
    """Return when the wait of the coming step is over, or the way is chosen; None where none runs."""
    if row.led_until is not None or row.last_sent_at is None:
        return row.led_until
    plan = plans([row.campaign_id])[row.campaign_id]
    zone, pace = zone_of(plan, row.contact)[1], Pace(row.workspace.time_scale)
    return due_behind(plan, row.next_position, row.last_sent_at, zone, pace)


def _tell(campaign: Campaign, kind: EventKind, at: datetime, *, by: Member, **data: object) -> None:
    about = {**data, "by": by.user.email}
    record([Entry(campaign.workspace_id, kind, at, campaign_id=campaign.pk, data=about)])
