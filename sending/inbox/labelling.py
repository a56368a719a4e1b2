"""What an answer says: by the mail itself (out of office), or by a person, whose word wins; and where that leads."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from campaigns.contacts.models import Contact
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock, gate
from outreach.kit.addresses import key_of
from sending.bounces import ABSENCE, Kind
from sending.inbox.guessing import rule_of
from sending.inbox.models import InboundMessage, LabelChange
from sending.inbox.threads.placing import say
from sending.inbox.understanding import head_of, reply_address, understand
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.outbox.leading import lead_on_at_rest, reached_by
from sending.planner.models import Enrollment
from sending.planner.progress.leading import Answer, Led, answers_that_led, lead, leads_somewhere, take_back_lead
from sending.planner.services import hold_unread, let_unread_go, running_of, stop, stop_contact
from sending.planner.states import StopReason

LABELLED = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY})  # what somebody wrote, or a machine for them

_NO_ANSWERS = (None, ReplyClass.OUT_OF_OFFICE)  # of a mail that a machine has sent


def class_of(row: InboundMessage) -> ReplyClass | None:
    """Return the class of a mail, also a guessed one; None where nobody knows what it says, and for all else."""
    return _known(row) or (ReplyClass(row.guess) if row.guess else None)


def _known(row: InboundMessage) -> ReplyClass | None:
    """Return the class that may lead on: a person's word, an absence, or the guess of a rule that is certain.

    A machine that has got our mail is no absence: something in it has to say that somebody is away.
    """
    if row.label:
        return ReplyClass(row.label)
    if row.guess and row.guess_is_certain:
        return ReplyClass(row.guess)
    is_away = row.kind == Kind.AUTO_REPLY and any(one["rule"] == ABSENCE for one in row.evidence)
    return ReplyClass.OUT_OF_OFFICE if is_away else None


def label(member: Member, row: InboundMessage, says: ReplyClass | None, *, how: How = How.MEMBER) -> Led | None:
    """Keep what a person says of an answer (None: nothing), and let it lead on where a branch is set up for that.

    Where an earlier word about this mail has led, and nothing was made for the person there, they are taken back.
    Returns where it leads; None where no campaign is concerned. how: what an opt-out is counted as.
    """
    member.require(Role.MEMBER)
    with transaction.atomic():
        gate.hold_shut(row.workspace_id)
        current = InboundMessage.objects.select_for_update(of=("self",), no_key=True).defer("raw").get(pk=row.pk)
        before, thought = _known(current), class_of(current)
        current.label = says or ""
        current.labelled_by, current.labelled_at = (member.user, clock.now()) if says else (None, None)
        current.save(update_fields=["label", "labelled_by", "labelled_at"])
        say(current, class_of(current))
        LabelChange.objects.create(
            message=current, before=thought or "", after=says or "", rule=rule_of(current), by=member.user
        )
        if may_opt_out(current):
            _hold_or_let_go(current, says)
        if says is ReplyClass.OPT_OUT:
            _opt_out(member, current, how)
            return None
        if current.kind not in LABELLED:
            return None
        if current.enrollment is None:
            if current.contact is not None and says not in _NO_ANSWERS:
                _stop_all(current.contact, current.subject)
            return None
        return _follow(current, current.enrollment, before)


def follows_of(row: InboundMessage) -> str:
    """Say what a person's word about a mail brings with it, for whoever is about to say it."""
    if row.contact is not None and may_opt_out(row) and not row.label:
        return f"Nobody is suppressed before you say it, and no campaign writes to {row.contact.email} before that."
    if row.enrollment_id is not None:
        return (
            "A branch of the campaign may lead on by it; without one, the sequence stays as it is. "
            "An opt-out suppresses whoever wrote, for good."
        )
    if row.contact is not None:
        return (
            "It belongs to no campaign, so no branch leads on by it. What a person has answered stops what still runs "
            f"for {row.contact.email}, an absence stops nothing, and an opt-out suppresses them for good."
        )
    who = row.from_address or "whoever wrote"
    return (
        f"It belongs to no campaign and to nobody of yours. An opt-out suppresses {who} for good; all else is kept "
        "with the conversation, and nothing follows from it."
    )


def may_opt_out(row: InboundMessage) -> bool:
    """Say whether its words may ask for no more messages: a person has to say so, and others wait meanwhile."""
    return row.guess == ReplyClass.OPT_OUT and not row.guess_is_certain


def addresses_of(row: InboundMessage, asks: str) -> list[str]:
    """Return the keys of whoever wrote and of whom we had written to. asks: where it is to be answered."""
    recipient = row.answers.recipient if row.answers else ""
    all_keys = (key_of(row.from_address), row.contact.email_key if row.contact else "", key_of(asks), key_of(recipient))
    return [one for one in dict.fromkeys(all_keys) if one]


def led_by_itself(row: InboundMessage) -> Led | None:
    """Let a mail lead on whose class is known without a person. Runs inside the caller's transaction.

    Whoever has answered, or of whose answers a person has said something, is left where that has led them.
    """
    says = _known(row)
    if says is None or row.enrollment is None or row.is_back_fill:
        return None
    gate.hold_shut(row.workspace_id)
    if InboundMessage.objects.filter(enrollment=row.enrollment).exclude(label="").exists():
        return None
    if row.kind == Kind.HUMAN_REPLY:
        # It has stopped the sequence, as every answer; only the first one leads on from there without a person.
        others = InboundMessage.objects.filter(enrollment=row.enrollment, kind=Kind.HUMAN_REPLY).exclude(pk=row.pk)
        return None if others.exists() else _lead(row, row.enrollment, says)
    return _lead(row, row.enrollment, says, by_itself=True)


def _stop_all(contact: Contact, words: str) -> None:
    """Stop what runs for a person who has answered, says a person, where the answer belongs to no campaign."""
    for one in running_of(contact):
        stop(one, StopReason.REPLIED, detail=words)


def _opt_out(member: Member, row: InboundMessage, how: How) -> None:
    """Never write again to whoever a person says has asked for that."""
    words = f"{member.user.email} read it in an answer: {row.subject}"[:300]
    keys = addresses_of(row, _asks(row))  # who writes elsewhere has opted out there, too
    news = [suppress(member.workspace, key, SuppressionReason.OPTED_OUT, evidence=words) for key in keys]
    if row.contact is not None:
        if any(news):
            record([_told(row, EventKind.SUPPRESSED, How.PLAIN, words), _told(row, EventKind.OPTED_OUT, how, words)])
        stop_contact(row.contact, StopReason.OPTED_OUT, detail=words)
    InboundMessage.objects.filter(pk=row.pk).update(followed=f"{', '.join(keys)} is suppressed: {words}"[:500])


def _hold_or_let_go(row: InboundMessage, says: ReplyClass | None) -> None:
    """Let whoever may have asked for no more messages wait on, or not, by what a person says of it."""
    keys = addresses_of(row, _asks(row))
    if says is None:
        hold_unread(row.mailbox.workspace, keys)
        return
    theirs = InboundMessage.objects.filter(workspace=row.workspace_id, guess=ReplyClass.OPT_OUT, label="")
    unread = theirs.filter(guess_is_certain=False, from_address__iexact=row.from_address).exclude(pk=row.pk)
    if not unread.exists():
        let_unread_go(row.workspace_id, keys)


def _asks(row: InboundMessage) -> str:
    return reply_address(understand(head_of(bytes(row.raw))).mail)


def _told(row: InboundMessage, kind: EventKind, how: How, words: str) -> Entry:
    """Return an event about an answer: of the mailbox that wrote, whichever has read it."""
    message = row.answers
    return Entry(
        workspace_id=row.workspace_id,
        kind=kind,
        at=clock.now(),
        campaign_id=message.campaign_id if message else None,
        contact_id=row.contact_id,
        enrollment_id=message.enrollment_id if message else None,
        mailbox_id=message.mailbox_id if message else row.mailbox_id,
        message_id=message.pk if message else None,
        data={"inbound": row.pk, "words": words},
        how=how,
    )


def _follow(row: InboundMessage, enrollment: Enrollment, before: ReplyClass | None) -> Led | None:
    says, words = _known(row), row.subject
    if says is before:
        return Led(leads=False, words="That was said of it before: nothing follows from it anew.")
    if _is_overtaken(row, enrollment):
        return Led(leads=False, words="A later answer has led them on: nothing follows from this one.")
    by_machine = row.kind == Kind.AUTO_REPLY
    stops = not (by_machine and says in _NO_ANSWERS)
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
