"""Why somebody is not written to at this moment: every gate that speaks, asked anew, not only the one that binds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.positions import step_name
from sending.guard.queries import why_nothing_leaves
from sending.mailboxes.cooling import cooling_of
from sending.mailboxes.models import Mailbox
from sending.pacing import (
    RECHECK,
    UNTIL_MENDED,
    Book,
    Drop,
    Hold,
    HoldCode,
    LeadFacts,
    Pace,
    Verdict,
    decide,
    lead_gates,
    mailbox_gates,
    reserved_gate,
)
from sending.pacing.history import Cause
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, match_words
from sending.planner.claim.addresses import Addresses
from sending.planner.claim.asking import lead_facts, suppressions
from sending.planner.claim.books import rooms_for_new
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.claim.facts import NewLeads, Sender, new_leads_today, senders_of
from sending.planner.claim.held import Held
from sending.planner.claim.rotating import Sharing, sharings_of
from sending.planner.claim.throttling import Throttling
from sending.planner.models import Enrollment
from sending.planner.queries import senders_of_campaign
from sending.planner.states import EnrollmentState

# Kept with the person, and not asked of any gate.
_OF_PERSON = UNTIL_MENDED | {HoldCode.ABSENT}


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against writing to somebody now; until = the next look, None where no time ends it."""

    code: str
    words: str
    until: datetime | None = None
    mailbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """Everything that speaks against it, what binds first; the mailbox that would carry it, if any."""

    reasons: Sequence[Reason]
    mailbox: Sender | None

    @property
    def binding(self) -> Reason:
        return self.reasons[0]


def present_of(row: Enrollment, *, now: datetime) -> Present:
    """Return why the enrollment (contact, campaign, mailbox and workspace are loaded) waits at this moment."""
    if row.state != EnrollmentState.ACTIVE or row.due_at is None:
        return Present([_standing(row), *_absence(row)], None)
    plan = plans([row.campaign_id])[row.campaign_id]
    own = [*_of_everybody(), *_own(row, plan, row.due_at, now)]
    sharing = None if row.mailbox_id is not None else sharings_of([row.campaign_id], now=now).get(row.campaign_id)
    carriers = _carriers(row)
    able = [one for one in carriers if sharing is None or sharing.may_begin(one.pk, row.receiver)]
    senders = senders_of(able, now=now)
    if not senders:
        reason = Reason(HoldCode.MAILBOX_STATE, "No mailbox carries the campaign.")
        return Present([*own, reason], None)
    facts = _facts(row, plan, senders[0].pace, now)
    books = {} if facts.is_follow_up else rooms_for_new(senders, now=now)
    held = Held(cooling_of([sender.id for sender in senders], now=now), [row.contact], now=now)
    if not facts.suppressed:
        facts = replace(facts, suppressed=held.refused(row.campaign_id, row.mailbox_id, row.contact))
    judged = [
        (
            sender,
            _verdicts(replace(facts, held=held.of(sender.id, row.contact)), sender, books.get(sender.id), sharing),
        )
        for sender in senders
    ]
    sender, verdicts = min(judged, key=lambda pair: _end(decide(pair[1]), now))
    reasons = [*own, *_of_rotation(row, verdicts, judged, is_left=len(able) < len(carriers))]
    reasons += (_reason(one, sender) for one in verdicts if isinstance(one, Hold | Drop))
    return Present(_by_weight(_until_the_look(row, reasons, now)) or [_in_line(row, row.due_at, now)], sender)


def _of_rotation(
    row: Enrollment, best: Sequence[Verdict], judged: Sequence[tuple[Sender, Sequence[Verdict]]], *, is_left: bool
) -> list[Reason]:
    """Return the wait that rotation causes: others of the campaign are free, and leave somebody new to this mailbox."""
    bound = decide(best)
    if not isinstance(bound, Hold) or bound.code is HoldCode.ROTATION:
        return []  # it is the reason already, or there is none
    if is_left:
        return [Reason(HoldCode.ROTATION, match_words(Receiver(row.receiver)), bound.until)]
    waiting = [decide(verdicts) for _, verdicts in judged]
    return [
        Reason(one.code, one.words, one.until)
        for one in waiting
        if isinstance(one, Hold) and one.code is HoldCode.ROTATION
    ][:1]


def _standing(row: Enrollment) -> Reason:
    if row.state == EnrollmentState.SENDING:
        return Reason(Cause.UNDER_WAY, "A message is on its way.")
    if row.state == EnrollmentState.FINISHED:
        return Reason(Cause.OVER, "The last step is done.")
    if row.led_to is not None:
        words = f"An answer leads on to step {step_name(row.led_to)} once nothing of theirs is under way any more."
        return Reason(Cause.WAIT, words, row.led_until)
    return Reason(Cause.OVER, row.stop_detail or f"Called off: {row.stop_reason.replace('_', ' ')}.")


def _absence(row: Enrollment) -> list[Reason]:
    """Return what the step after the one under way waits for, if somebody is away."""
    if row.state != EnrollmentState.SENDING or row.absent_until is None:
        return []
    return [Reason(HoldCode.ABSENT, f"The next step waits. {row.absent_words}", row.absent_until)]


def _of_everybody() -> list[Reason]:
    """Return what keeps this database from sending anything to anybody."""
    words = why_nothing_leaves()
    return [Reason(Cause.STANDSTILL, words)] if words else []


def _own(row: Enrollment, plan: CampaignPlan, due_at: datetime, now: datetime) -> list[Reason]:
    """Return what holds the person alone: an absence, a wording that does not fit, the wait of the step."""
    if due_at <= now and row.hold_code not in _OF_PERSON:
        return []
    if row.hold_code in _OF_PERSON:
        until = due_at if row.hold_code == HoldCode.ABSENT else None
        return [Reason(row.hold_code, row.hold_detail, until)]
    if row.hold_code:
        return []  # its gate is asked again; see _until_the_look
    return [Reason(Cause.WAIT, _waits(row, plan), due_at)]


def _until_the_look(row: Enrollment, reasons: list[Reason], now: datetime) -> list[Reason]:
    """Add the hold that stands with the person, where no gate says of now why they are not looked at before its end."""
    if row.due_at is None or row.due_at <= now or not row.hold_code or row.hold_code in _OF_PERSON:
        return reasons
    if any(one.until is None or one.until >= row.due_at for one in reasons):
        return reasons
    words = f"{row.hold_detail} So it was at the last look, and until the next one it stands."
    stored = Reason(row.hold_code, words, row.due_at)
    return [stored, *(one for one in reasons if one.code != row.hold_code)]


def _waits(row: Enrollment, plan: CampaignPlan) -> str:
    if plan.ways_at(row.next_position):
        return f"Behind step {step_name(row.next_position - 1)} it is decided then which way they go."
    behind = "the answer that led there" if row.led_until is not None else "the one before"
    return f"Step {step_name(row.next_position)} waits behind {behind}."


def _carriers(row: Enrollment) -> list[Mailbox]:
    if row.mailbox is not None:
        return [row.mailbox]
    return list(senders_of_campaign(row.campaign).values())


def _facts(row: Enrollment, plan: CampaignPlan, pace: Pace, now: datetime) -> LeadFacts:
    """Return what the gates ask about the person, whichever mailbox of the workspace would carry the message."""
    throttling = Throttling({row.workspace_id: pace}, now=now, is_claim=False)
    throttling.load([row.contact])
    person = Addressed(row.workspace_id, row.campaign_id, row.contact_id, row.contact.country, row.contact.domain)
    return lead_facts(
        plan,
        row.contact,
        is_follow_up=row.mailbox_id is not None,
        suppressed=suppressions({row.contact_id: row.contact}).get(row.contact_id, ""),
        new=new_leads_today({plan.id: pace}, now=now).get(plan.id, NewLeads()),
        throttles=throttling.of(row.contact, row.campaign_id, is_first=row.mailbox_id is None),
        address=Addresses([row.contact.domain]).facts(
            row.contact.email_key, row.contact.domain, skips_roles=plan.skips_roles
        ),
        no_consent=Consents([person], {row.workspace_id: pace}).lacking(row.campaign_id, row.contact_id),
    )


def _verdicts(facts: LeadFacts, sender: Sender, book: Book | None, sharing: Sharing | None) -> list[Verdict]:
    """Return what the gates say; the book is None where no promise could take a place."""
    of_mailbox = list(mailbox_gates(sender.facts))
    if not of_mailbox and book is not None:  # a full mailbox has no places to keep
        later = sender.facts.now + sender.pace.shrink(RECHECK)
        of_mailbox.append(reserved_gate(book, sender.facts.usage, later=later))
    if not of_mailbox and sharing is not None and sharing.mode is Rotation.WEIGHTED:
        of_mailbox.append(sharing.turns.gate(sender.id, now=sender.facts.now, pace=sender.pace))
    return [*of_mailbox, *lead_gates(facts, sender.facts)]


def _end(verdict: Verdict, now: datetime) -> datetime:
    return verdict.until if isinstance(verdict, Hold) else now


def _reason(verdict: Hold | Drop, sender: Sender) -> Reason:
    until = verdict.until if isinstance(verdict, Hold) else None
    return Reason(verdict.code.value, verdict.words, until, sender.id)


def _by_weight(reasons: Sequence[Reason]) -> list[Reason]:
    """Return what no time ends first, then what lasts longest: the order in which the gates' verdicts bind."""
    endless = [one for one in reasons if one.until is None]
    ending = [(one.until, place, one) for place, one in enumerate(reasons) if one.until is not None]
    return [*endless, *(one for _, _, one in sorted(ending, key=lambda row: (row[0], -row[1]), reverse=True))]


def _in_line(row: Enrollment, due_at: datetime, now: datetime) -> Reason:
    line = Enrollment.objects.filter(state=EnrollmentState.ACTIVE, mailbox=row.mailbox_id)
    if row.mailbox_id is None:  # as they were enrolled, whenever they were due
        line = line.filter(campaign=row.campaign_id, due_at__lte=max(due_at, now), pk__lt=row.pk)
    else:
        line = line.filter(Q(due_at__lt=due_at) | Q(due_at=due_at, pk__lt=row.pk))
    ahead = line.count()
    words = "Nothing holds it: the next message is theirs." if not ahead else f"In line: {ahead:,} are before them."
    return Reason(Cause.IN_LINE, words)
