"""What an answer says: by the mail itself (out of office), or by a person, whose word wins; and where that leads."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock, gate
from sending.bounces import ABSENCE, Kind
from sending.inbox.models import InboundMessage
from sending.inbox.threads.placing import say
from sending.outbox.leading import lead_on_at_rest, reached_by
from sending.planner.models import Enrollment
from sending.planner.progress.leading import Answer, Led, answers_that_led, lead, leads_somewhere, take_back_lead
from sending.planner.services import stop
from sending.planner.states import StopReason

LABELLED = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY})  # what somebody wrote, or a machine for them

_NO_ANSWERS = (None, ReplyClass.OUT_OF_OFFICE)  # of a mail that a machine has sent


def class_of(row: InboundMessage) -> ReplyClass | None:
    """Return the class of a mail; None for an answer of which nobody has said what it says, and for all else.

    A machine that has got our mail is no absence: something in it has to say that somebody is away.
    """
    if row.label:
        return ReplyClass(row.label)
    is_away = row.kind == Kind.AUTO_REPLY and any(one["rule"] == ABSENCE for one in row.evidence)
    return ReplyClass.OUT_OF_OFFICE if is_away else None


def label(member: Member, row: InboundMessage, says: ReplyClass | None) -> Led | None:
    """Keep what a person says of an answer (None: nothing), and let it lead on where a branch is set up for that.

    Where an earlier word about this mail has led, and nothing was made for the person there, they are taken back.
    Returns where it leads; None where no campaign is concerned.
    """
    member.require(Role.MEMBER)
    with transaction.atomic():
        gate.hold_shut(row.workspace_id)
        current = InboundMessage.objects.select_for_update(of=("self",), no_key=True).defer("raw").get(pk=row.pk)
        before = class_of(current)
        current.label = says or ""
        current.labelled_by, current.labelled_at = (member.user, clock.now()) if says else (None, None)
        current.save(update_fields=["label", "labelled_by", "labelled_at"])
        say(current, class_of(current))
        if current.enrollment is None or current.kind not in LABELLED:
            return None
        return _follow(current, current.enrollment, before)


def led_by_itself(row: InboundMessage) -> Led | None:
    """Let a mail lead on whose class is known without a person. Runs inside the caller's transaction.

    Whoever has answered, or of whose answers a person has said something, is left where that has led them.
    """
    says = class_of(row)
    if says is None or row.enrollment is None or row.is_back_fill:
        return None
    gate.hold_shut(row.workspace_id)
    if InboundMessage.objects.filter(enrollment=row.enrollment).exclude(label="").exists():
        return None
    return _lead(row, row.enrollment, says, by_itself=True)


def _follow(row: InboundMessage, enrollment: Enrollment, before: ReplyClass | None) -> Led | None:
    says, words = class_of(row), row.subject
    if says is before:
        return Led(leads=False, words="That was said of it before: nothing follows from it anew.")
    if _is_overtaken(row, enrollment):
        return Led(leads=False, words="A later answer has led them on: nothing follows from this one.")
    by_machine = row.kind == Kind.AUTO_REPLY
    stops = enrollment.campaign.stop_on_reply and not (by_machine and says in _NO_ANSWERS)
    if by_machine and stops and before in _NO_ANSWERS:
        stop(enrollment, StopReason.REPLIED, detail=words)  # a person wrote it after all
    led = None if says is None else _lead(row, enrollment, says)
    if before is not None and (led is None or not led.leads):
        reached = partial(reached_by, enrollment.pk)
        if not take_back_lead(enrollment, reached, words=words, stops=stops) and stops:
            stop(enrollment, StopReason.REPLIED, detail=words)  # its path has begun: nothing more of it is sent
    return led


def _is_overtaken(row: InboundMessage, enrollment: Enrollment) -> bool:
    """Say whether a later answer of the same person has led them on: what is said of an older one changes nothing."""
    later = InboundMessage.objects.filter(
        enrollment=enrollment, kind__in=LABELLED, received_at__gt=row.received_at
    ).defer("raw")
    led = answers_that_led(enrollment)
    return any(one.pk in led or (bool(one.label) and _has_branch(one, enrollment)) for one in later)


def _has_branch(row: InboundMessage, enrollment: Enrollment) -> bool:
    reached = reached_by(enrollment.pk, at=row.received_at, answers=row.answers_id)
    return leads_somewhere(enrollment, ReplyClass(row.label), reached)


def _lead(row: InboundMessage, enrollment: Enrollment, says: ReplyClass, *, by_itself: bool = False) -> Led:
    reached = partial(reached_by, enrollment.pk, at=row.received_at, answers=row.answers_id)
    led = lead(enrollment, Answer(says, row.received_at, by_itself, row.pk), reached)
    lead_on_at_rest([enrollment.pk])
    return led
