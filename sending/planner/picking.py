"""Pick who is written to next: due follow-ups and new leads, judged by the gates, for many mailboxes at once.

Runs inside the caller's transaction, on mailboxes whose lease the caller holds. Whoever is picked moves to SENDING
in that transaction; whoever is held gets the reason and the instant of the next look; whoever is dropped is ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from campaigns.calendar import zone_of_country
from campaigns.contacts.models import Contact
from campaigns.contacts.queries import suppressed_keys
from campaigns.sequences.plans import CampaignPlan, PlannedStep, PlannedVariant, plans
from campaigns.sequences.states import CampaignState
from campaigns.sequences.wording import SenderValues, Wording, word
from campaigns.templating import MissingValue, TemplateProblem
from sending.mailboxes.budgets import database_now
from sending.pacing import (
    Drop,
    Hold,
    HoldCode,
    LeadFacts,
    Send,
    Verdict,
    allowance,
    decide,
    lead_gates,
    mailbox_gates,
)
from sending.pacing.gates import RECHECK
from sending.planner import candidates, outcomes
from sending.planner.candidates import Candidate
from sending.planner.facts import NewLeads, Sender, new_leads_today, senders_held_by

# Rounds of one pick: each holds or drops who cannot go now and looks at those behind them.
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Pick:
    """One message to be made now."""

    enrollment_id: int
    plan: CampaignPlan
    step: PlannedStep
    variant: PlannedVariant
    contact: Contact
    sender: Sender
    wording: Wording
    is_new_lead: bool
    not_after: datetime


@dataclass(slots=True)
class Round:
    """The mailboxes of one claim: what each may still send, and why others may not."""

    now: datetime
    senders: dict[int, Sender]
    room: dict[int, int]
    holds: dict[int, Hold] = field(default_factory=dict)


def begin(owner: UUID, mailbox_ids: Sequence[int]) -> Round:
    """Judge the mailboxes held by `owner`, store their verdicts, and return what they may send."""
    now = database_now()
    senders = {sender.id: sender for sender in senders_held_by(owner, mailbox_ids, now=now)}
    current = Round(now=now, senders=senders, room={})
    for sender in senders.values():
        verdict = decide(mailbox_gates(sender.facts))
        if isinstance(verdict, Hold):
            current.holds[sender.id] = verdict
        else:
            current.room[sender.id] = allowance(sender.facts.limits, sender.facts.usage)
    outcomes.store_mailbox_verdicts(current.holds, list(current.room))
    return current


def pick(current: Round) -> list[Pick]:
    """Pick messages until the room is used or nobody is due. Lowers current.room."""
    picks: list[Pick] = []
    for _ in range(_ROUNDS):
        found = candidates.due(current.senders, current.room, now=current.now)
        if not found:
            break
        chosen = _judge(found, current)
        picks += chosen
        for one in chosen:
            current.room[one.sender.id] -= 1
    return picks


def lead_facts(
    plan: CampaignPlan, contact: Contact, *, is_follow_up: bool, suppressed: str, new: NewLeads
) -> LeadFacts:
    """Return what the gates ask about a step of this contact."""
    zone_name, zone = plan.zone_for(contact.time_zone or zone_of_country(contact.country) or "")
    return LeadFacts(
        schedule=plan.schedule,
        zone=zone,
        zone_name=zone_name,
        is_follow_up=is_follow_up,
        suppressed=suppressed,
        campaign_paused=plan.state is not CampaignState.RUNNING,
        new_leads_limit=plan.new_leads_per_day,
        new_leads_today=new.today,
        new_leads_free_at=new.free_at,
    )


def suppressions(contacts: Mapping[int, Contact]) -> dict[int, str]:
    """Return, in words, why contacts (by id) must not be written to; those that may be are absent."""
    keys: dict[int, list[str]] = {}
    for contact in contacts.values():
        keys.setdefault(contact.workspace_id, []).append(contact.email_key)
    found = {workspace_id: suppressed_keys(workspace_id, wanted) for workspace_id, wanted in keys.items()}
    return {
        pk: f"{row.value} is suppressed: {row.reason.replace('_', ' ')}."
        for pk, contact in contacts.items()
        if (row := found[contact.workspace_id].get(contact.email_key)) is not None
    }


def _judge(found: Sequence[Candidate], current: Round) -> list[Pick]:
    loaded = plans({one.campaign_id for one in found})
    contacts = Contact.objects.in_bulk([one.contact_id for one in found])
    stopped = suppressions(contacts)
    begun = _Begun(loaded, current)
    room = dict(current.room)
    result = outcomes.Judged(current.now)
    picks: list[Pick] = []
    for one in found:
        plan, contact, sender = (
            loaded[one.campaign_id],
            contacts[one.contact_id],
            current.senders[one.mailbox_id],
        )
        step = plan.step_from(one.next_position)
        if step is None or not step.variants:
            result.finished.append(one)
            continue
        facts = lead_facts(
            plan,
            contact,
            is_follow_up=not one.is_new_lead,
            suppressed=stopped.get(contact.pk, ""),
            new=begun.of(plan),
        )
        verdict = decide(lead_gates(facts, sender.facts))
        if isinstance(verdict, Send) and room[sender.id] <= 0:
            continue  # stays due: the next claim takes it
        made = _make(one, step, verdict, contact=contact, sender=sender, plan=plan)
        if isinstance(made, Pick):
            room[sender.id] -= 1
            begun.add(plan, is_new_lead=one.is_new_lead)
            picks.append(made)
            result.sending.append(one)
        else:
            result.add(one, made)
    outcomes.store(result)
    return picks


def _make(  # noqa: PLR0913  # the pieces of one message
    one: Candidate,
    step: PlannedStep,
    verdict: Verdict,
    *,
    contact: Contact,
    sender: Sender,
    plan: CampaignPlan,
) -> Pick | Hold | Drop:
    if not isinstance(verdict, Send):
        return verdict
    variant = step.variant_for(contact.pk)
    values = SenderValues(name=sender.display_name, email=sender.address, signature=sender.signature)
    later = sender.facts.now + sender.pace.shrink(RECHECK)
    try:
        wording = word(step, variant, contact, values)
    except MissingValue as error:
        words = f"Step {step.position} uses {', '.join(sorted(error.names))}, which this contact lacks."
        return Hold(HoldCode.MISSING_VALUE, words, later)
    except TemplateProblem as error:
        return Hold(HoldCode.BAD_TEMPLATE, f"Step {step.position} cannot be rendered: {error.message}", later)
    assert verdict.not_after is not None  # the window gate always names the end of the window
    return Pick(
        enrollment_id=one.enrollment_id,
        plan=plan,
        step=step,
        variant=variant,
        contact=contact,
        sender=sender,
        wording=wording,
        is_new_lead=one.is_new_lead,
        not_after=verdict.not_after,
    )


class _Begun:
    """New contacts begun today by campaign, counting those of this very claim."""

    def __init__(self, loaded: Mapping[int, CampaignPlan], current: Round) -> None:
        paces = {sender.workspace_id: sender.pace for sender in current.senders.values()}
        limited = {plan.id: paces[plan.workspace_id] for plan in loaded.values() if plan.new_leads_per_day is not None}
        self._counts = new_leads_today(limited, now=current.now) if limited else {}

    def of(self, plan: CampaignPlan) -> NewLeads:
        return self._counts.get(plan.id, NewLeads())

    def add(self, plan: CampaignPlan, *, is_new_lead: bool) -> None:
        if is_new_lead:
            before = self.of(plan)
            self._counts[plan.id] = NewLeads(before.today + 1, before.free_at)
