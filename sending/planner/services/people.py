"""Change the way of one person: stop, postpone, release, let go on, take a step back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import plans
from campaigns.sequences.positions import step_name
from outreach.kit import gate
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.pacing import HoldCode, Pace
from sending.planner.claim.branching import due_behind
from sending.planner.claim.facts import zone_of
from sending.planner.entries import entry_of
from sending.planner.models import Enrollment
from sending.planner.services.waking import wake
from sending.planner.states import ENROLLMENT_MOVES, EnrollmentState, StopReason


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
    return sum(stop(enrollment, reason, detail=detail) for enrollment in running_of(contact))


def running_of(contact: Contact) -> QuerySet[Enrollment]:
    """Return the sequences of a contact in which something is to come, or will be where an answer leads on."""
    to_come = Q(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING])
    to_be_led = Q(state=EnrollmentState.STOPPED, led_to__isnull=False)
    return Enrollment.objects.filter(to_come | to_be_led, contact=contact).order_by("pk")


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


def go_on(enrollment: Enrollment) -> str:
    """Let somebody go on behind a step that was made for them already; return in words what comes next.

    The next step waits its wait from the last message. "" when they do not wait for such a step any more.
    """
    with transaction.atomic():
        held = Enrollment.objects.select_for_update(of=("self",)).select_related("contact", "workspace")
        row = held.filter(pk=enrollment.pk, state=EnrollmentState.ACTIVE, hold_code=HoldCode.MADE_ALREADY).first()
        if row is None:
            return ""
        now, position = database_now(), row.next_position + 1
        plan, pace = plans([row.campaign_id])[row.campaign_id], Pace(row.workspace.time_scale)
        step = plan.step_from(position)
        due = due_behind(plan, position, row.last_sent_at or now, zone_of(plan, row.contact)[1], pace)
        values = {"next_position": step.position if step else position, "hold_code": "", "hold_detail": ""}
        if due is None:
            Enrollment.objects.filter(pk=row.pk).update(
                **values, held_since=None, state=EnrollmentState.FINISHED, due_at=None, ended_at=now
            )
            record([entry_of(row, EventKind.FINISHED, now)])
            return "nothing is to come for them: they are done."
        Enrollment.objects.filter(pk=row.pk).update(**values, held_since=None, due_at=max(now, due))
        words = f"goes on behind step {step_name(row.next_position)}, which they have already."
        record([entry_of(row, EventKind.RELEASED, now, words=words)])
        wake(row.campaign_id, mailbox_id=row.mailbox_id)
        return words


def _wait_over(row: Enrollment) -> datetime | None:
    """Return when the wait of the coming step is over, or the way is chosen; None where none runs."""
    if row.led_until is not None or row.last_sent_at is None:
        return row.led_until
    plan = plans([row.campaign_id])[row.campaign_id]
    zone, pace = zone_of(plan, row.contact)[1], Pace(row.workspace.time_scale)
    return due_behind(plan, row.next_position, row.last_sent_at, zone, pace)
