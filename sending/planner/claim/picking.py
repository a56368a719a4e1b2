"""Pick who is written to next: due follow-ups and new leads, judged by the gates, for many mailboxes at once.

Runs inside the caller's transaction, on mailboxes whose lease the caller holds. Whoever is picked moves to SENDING
in that transaction; whoever is held gets the reason and the instant of the next look; whoever is dropped is ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import CampaignPlan, PlannedStep, PlannedVariant, plans
from campaigns.sequences.wording import SenderValues, Wording
from outreach.kit import statements
from outreach.kit.commits import after_commit
from outreach.kit.loading import Columns
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import Cooling, cooling_of
from sending.pacing import (
    RECHECK,
    Drop,
    Hold,
    HoldCode,
    Pace,
    Send,
    Verdict,
    allowance,
    decide,
    follow_up_places,
    freshness_gate,
    lead_gates,
    mailbox_gates,
    reserved_gate,
)
from sending.pacing.looks import SPARES
from sending.planner.claim import candidates, outcomes
from sending.planner.claim.addresses import Addresses
from sending.planner.claim.asking import lead_facts, suppressions
from sending.planner.claim.begun import Begun
from sending.planner.claim.books import rooms_for_new
from sending.planner.claim.candidates import Candidate, Wish
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.claim.facts import Sender, senders_held_by
from sending.planner.claim.held import Held
from sending.planner.claim.leaving import Leaving
from sending.planner.claim.outcomes import Move
from sending.planner.claim.rotating import Rotating
from sending.planner.claim.strangers import suppress_strangers
from sending.planner.claim.throttling import Throttling
from sending.planner.claim.ways import Ahead, End, Ways
from sending.planner.claim.wordings import Unfit, wording_of
from sending.planner.lawful.footing import Reader
from sending.planner.states import HoldScope

# These bind everybody of a campaign or a mailbox alike: they are kept there, and whoever waits stays due.
_OF_ALL = frozenset({HoldCode.NEW_LEADS_LIMIT, HoldCode.SYNC_STALE})
_OF_NEW = _OF_ALL | {HoldCode.CAMPAIGN_LIMIT}


_CONTACT = Columns(Contact, "c", without=("created_at", "updated_at"))
_CONTACTS = f"""
SELECT {_CONTACT.text}, COALESCE(i.source, '')
  FROM contacts_contact c LEFT JOIN contacts_import i ON i.id = c.origin_id
 WHERE c.id = ANY(%s::bigint[])
"""  # noqa: S608  # our own words


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
    follow_ups: dict[int, int]  # of the room, those that go before new contacts
    new_leads: dict[int, int] = field(default_factory=dict)  # of the room, how many may be new contacts
    holds: dict[int, Hold] = field(default_factory=dict)
    stale: dict[int, Hold] = field(default_factory=dict)  # why the follow-ups of a mailbox wait
    throttling: Throttling | None = None  # None where no mailbox has room
    _cooling: Mapping[int, Sequence[Cooling]] | None = None  # not asked yet

    @property
    def paces(self) -> dict[int, Pace]:
        """Return the pace of each workspace."""
        return {sender.workspace_id: sender.pace for sender in self.senders.values()}

    def cooling(self) -> Mapping[int, Sequence[Cooling]]:
        """Return what the mailboxes leave alone; asked once for a claim, and not where nobody is due or none does."""
        if self._cooling is None:
            asked = [pk for pk in self.room if self.senders[pk].is_cooling]
            self._cooling = cooling_of(asked, now=self.now) if asked else {}
        return self._cooling


def begin(owner: UUID, mailbox_ids: Sequence[int]) -> Round:
    """Judge the mailboxes held by `owner`, store their verdicts, and return what they may send."""
    senders = {sender.id: sender for sender in senders_held_by(owner, mailbox_ids)}
    now = next((sender.facts.now for sender in senders.values()), None) or database_now()
    current = Round(now=now, senders=senders, room={}, follow_ups={})
    for sender in senders.values():
        verdict = decide(mailbox_gates(sender.facts))
        if isinstance(verdict, Hold):
            current.holds[sender.id] = verdict
        else:
            limits, usage = sender.facts.limits, sender.facts.usage
            current.room[sender.id] = allowance(limits, usage)
            current.follow_ups[sender.id] = follow_up_places(limits, usage)
            freshness = freshness_gate(sender.facts)
            if isinstance(freshness, Hold):
                current.stale[sender.id] = freshness
    open_paces = {senders[pk].workspace_id: senders[pk].pace for pk, places in current.room.items() if places > 0}
    if open_paces:
        current.throttling = Throttling(open_paces, now=now)
    _keep_promises(current)
    free = [pk for pk in current.room if senders[pk].is_held]
    outcomes.store_mailbox_verdicts(current.holds, free, senders, now=now)
    fresh = [pk for pk in current.room if pk not in current.stale and senders[pk].follow_ups_held]
    outcomes.store_follow_up_verdicts(current.stale, fresh, senders, now=now)
    return current


def _keep_promises(current: Round) -> None:
    """Let no new contact take the place of a follow-up that falls due within a day."""
    senders = [current.senders[pk] for pk in current.room]
    held: dict[int, Hold] = {}
    for pk, book in rooms_for_new(senders, now=current.now).items():
        sender = current.senders[pk]
        current.new_leads[pk] = current.room[pk] if book is None else min(current.room[pk], book.free)
        later = current.now + sender.pace.shrink(RECHECK)
        verdict = reserved_gate(book, sender.facts.usage, later=later) if book else None
        if isinstance(verdict, Hold):
            held[pk] = verdict
    free = [pk for pk in current.room if pk not in held and current.senders[pk].new_held]
    outcomes.store_new_verdicts(held, free, current.senders, now=current.now)


def pick(current: Round) -> list[Pick]:
    """Pick messages until the room is used or nobody is due. Lowers current.room."""
    picks: list[Pick] = []
    if not any(current.room.values()):
        return picks
    assert current.throttling is not None  # somebody has room
    begun = Begun(candidates.lock_limited(current.room), current.paces, current.throttling, now=current.now)
    rotating = Rotating(now=current.now)
    leaving = Leaving(rotating, now=current.now)
    for spare in SPARES:
        closed = {pk for pk, hold in begun.holds().items() if hold}
        found = candidates.due(
            _wishes(current), now=current.now, spare=spare, rotating=rotating, leaving=leaving, closed=closed
        )
        if not found:
            break
        picks += _Judging(found, current, begun, rotating, leaving, is_last=spare == SPARES[-1]).picks()
    rotating.store({one.sender.id for one in picks})
    outcomes.store_campaign_verdicts(begun.changes(), HoldScope.NEW, now=current.now)
    return picks


def _wishes(current: Round) -> dict[int, Wish]:
    return {
        pk: Wish(
            current.senders[pk],
            places,
            new_places=min(places, current.new_leads[pk]),
            takes_follow_ups=pk not in current.stale,
        )
        for pk, places in current.room.items()
        if places > 0
    }


class _Judging:
    """The candidates of one round before their gates."""

    def __init__(  # noqa: PLR0913  # what is known beside the candidates
        self,
        found: Sequence[Candidate],
        current: Round,
        begun: Begun,
        rotating: Rotating,
        leaving: Leaving,
        *,
        is_last: bool,
    ) -> None:
        self._found = found
        self._is_last = is_last
        self._has_more: set[tuple[int, bool]] = set()  # mailbox, new: behind somebody who was put off others may stand
        self._current = current
        self._plans = plans({one.campaign_id for one in found})
        self._contacts: dict[int, Contact] = {}
        self._sources: dict[int, str] = {}  # where their addresses are from, as their imports say
        for *row, source in statements.run(_CONTACTS, [[one.contact_id for one in found]]):
            contact = _CONTACT.made(row)
            self._contacts[contact.pk], self._sources[contact.pk] = contact, source
        self._suppressed = suppressions(self._contacts)
        self._addresses = Addresses({contact.domain for contact in self._contacts.values()})
        assert current.throttling is not None  # somebody has room, or nobody would be asked for
        self._throttling = current.throttling
        self._throttling.load(self._contacts.values())
        self._consents = Consents((self._addressed(one) for one in found), current.paces)
        self._held = Held(current.cooling(), self._contacts.values(), now=current.now)
        self._begun = begun
        self._rotating = rotating
        self._leaving = leaving
        self._ways = Ways(found, self._plans, self._contacts, now=current.now, paces=current.paces)
        self._result = outcomes.Judged(current.now)
        self._picks: list[Pick] = []

    def picks(self) -> list[Pick]:
        """Judge everybody, store what came of it, and return who may be written to. Lowers the room."""
        beyond_share = [one for one in self._found if not self._consider(one)]
        for one in beyond_share:  # no new contact has taken their place
            if self._current.new_leads[one.mailbox_id] <= 0 or not self._others_come_first(one):
                self._consider(one, may_pass_share=True)
        outcomes.store(self._result)
        if self._result.dropped:
            contacts = [self._contacts[one.contact_id] for one, _ in self._result.dropped]
            dropped = [(contact.workspace_id, contact.email_key) for contact in contacts]
            after_commit(suppress_strangers, dropped)  # it takes gates
        return self._picks

    def _consider(self, one: Candidate, *, may_pass_share: bool = False) -> bool:
        """Judge a candidate; False for a follow-up that new contacts go before, since its share is used."""
        current, result = self._current, self._result
        plan, contact = self._plans[one.campaign_id], self._contacts[one.contact_id]
        sender = current.senders[one.mailbox_id]
        ahead = self._ways.of(one)
        if not isinstance(ahead, Ahead):
            self._go(one, ahead)
            self._has_more.add((one.mailbox_id, one.is_new_lead))
            return True
        verdict = self._verdict(one, plan, contact, sender)
        if isinstance(verdict, Send) and current.room[sender.id] <= 0:
            return True  # stays due: the next claim takes it
        if isinstance(verdict, Send) and one.is_new_lead and not self._may_begin(one, sender):
            return True  # stays due: the places that are left are promised to others, or another mailbox goes first
        if isinstance(verdict, Send) and not (one.is_new_lead or may_pass_share or current.follow_ups[sender.id] > 0):
            return False
        if isinstance(verdict, Hold) and verdict.code in (_OF_NEW if one.is_new_lead else _OF_ALL):
            return True  # stays due, whatever holds it is written where it holds everybody
        reader = Reader(
            contact.country,
            contact.domain,
            self._sources[contact.pk],
            is_first=one.is_new_lead,
            is_real=sender.pace.scale == 1,
        )
        made = _make(one, ahead.step, verdict, contact=contact, sender=sender, plan=plan, reader=reader)
        if isinstance(made, Pick):
            if ahead.told is not None:
                result.moved.append(Move(one, ahead.step.position, told=ahead.told))
            self._take(one, made)
        else:
            result.add(one, made)
            self._has_more.add((one.mailbox_id, one.is_new_lead))
        return True

    def _go(self, one: Candidate, to: End | Move | Hold) -> None:
        """File somebody who gets no message now, whatever the gates say."""
        if isinstance(to, Hold):
            self._result.add(one, to)
        elif isinstance(to, Move):
            self._result.moved.append(to)
        elif to.told is None:
            self._result.finished.append(one)
        else:
            self._result.ended.append((one, to.told))

    def _addressed(self, one: Candidate) -> Addressed:
        contact = self._contacts[one.contact_id]
        return Addressed(one.workspace_id, one.campaign_id, one.contact_id, contact.country, contact.domain)

    def _verdict(self, one: Candidate, plan: CampaignPlan, contact: Contact, sender: Sender) -> Verdict:
        facts = lead_facts(
            plan,
            contact,
            is_follow_up=not one.is_new_lead,
            suppressed=self._suppressed.get(contact.pk, "")
            or self._held.refused(plan.id, None if one.is_new_lead else sender.id, contact),
            new=self._begun.of(plan.id),
            throttles=self._throttling.of(contact, plan.id, is_first=one.is_new_lead),
            address=self._addresses.facts(contact.email_key, contact.domain, skips_roles=plan.skips_roles),
            held=self._held.of(sender.id, contact, first=self._first_to_open(one, contact)),
            no_consent=self._consents.lacking(plan.id, contact.pk),
        )
        return decide(lead_gates(facts, sender.facts))

    def _first_to_open(self, one: Candidate, contact: Contact) -> Cooling | None:
        """Return what a new contact waits for, whom all mailboxes of the campaign leave alone."""
        if not (one.is_new_lead and self._current.senders[one.mailbox_id].is_cooling):
            return None
        return self._leaving.first_to_open(one.campaign_id, self._held.side_of(contact))

    def _may_begin(self, one: Candidate, sender: Sender) -> bool:
        current = self._current
        if current.new_leads[sender.id] <= 0 or (current.follow_ups[sender.id] > 0 and self._others_come_first(one)):
            return False
        return isinstance(self._rotating.gate(one.campaign_id, sender.id, sender.pace), Send)

    def _others_come_first(self, one: Candidate) -> bool:
        """Say whether the next round may find somebody of the other kind, new or not, whose place it would be."""
        return not self._is_last and (one.mailbox_id, not one.is_new_lead) in self._has_more

    def _take(self, one: Candidate, made: Pick) -> None:
        self._current.room[one.mailbox_id] -= 1
        self._current.follow_ups[one.mailbox_id] -= not one.is_new_lead
        if one.is_new_lead:
            self._current.new_leads[one.mailbox_id] -= 1
            self._begun.add(one.campaign_id)
            self._rotating.take(one.campaign_id, one.mailbox_id)
        self._throttling.add(made.contact, one.campaign_id, is_first=one.is_new_lead)
        self._picks.append(made)
        self._result.sending.append(one)


def _make(  # noqa: PLR0913  # the pieces of one message
    one: Candidate,
    step: PlannedStep,
    verdict: Verdict,
    *,
    contact: Contact,
    sender: Sender,
    plan: CampaignPlan,
    reader: Reader,
) -> Pick | Hold | Drop:
    if not isinstance(verdict, Send):
        return verdict
    values = SenderValues(
        name=sender.display_name,
        email=sender.address,
        signature=sender.signature,
        postal_address=sender.postal_address,
    )
    variant = step.variant_for(contact.pk) if step.variants else None
    wording = wording_of(step, variant, contact, values, reader)
    if isinstance(wording, Unfit):
        return Hold(wording.code, wording.words, sender.facts.now + sender.pace.shrink(RECHECK))
    assert variant is not None  # without one there is no wording
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
