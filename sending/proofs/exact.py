"""The bytes that a wording would leave as, for a real contact from a real mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from sending.domains.keys import signatures_of
from sending.links.addresses import TRAP
from sending.links.core import Trace, links_of
from sending.links.hosts.bases import base_of
from sending.mailboxes.models import Mailbox
from sending.outbox.letters import first_letter
from sending.outbox.models import OutboundMessage
from sending.outbox.tracing import Addressing
from sending.outbox.writing import content_of
from sending.planner.claim.facts import senders_of
from sending.planner.claim.picking import Pick
from sending.planner.claim.traces import traces_of
from sending.planner.preview.shown import PreviewedStep, previewed
from sending.smtp import make_message_id


class NoProof(ValueError):
    """There is no such message; the words say why."""


@dataclass(frozen=True, slots=True)
class Exact:
    """One message as it would leave: the wording it is made of, and its bytes."""

    shown: PreviewedStep
    content: bytes
    is_signed: bool

    @property
    def source(self) -> str:
        """Return the bytes to read; what is no UTF-8 shows as a mark."""
        return self.content.decode("utf-8", "replace").replace("\r\n", "\n")


def exact(campaign: Campaign, variant_id: int, contact: Contact, mailbox: Mailbox, *, now: datetime) -> Exact:
    """Build the message as a claim would now. Only the Message-ID, the date and the thread are made up.

    Raises NoProof for a wording that the contact could not get, Unbuildable, KeyLost.
    """
    shown = previewed(campaign, variant_id, contact, mailbox)
    if shown is None:
        raise NoProof("This wording is gone.")
    if shown.wording is None:
        raise NoProof(shown.problem)
    (sender,) = senders_of([mailbox], now=now)
    pick = Pick(
        enrollment_id=0,
        plan=plans([campaign.pk])[campaign.pk],
        step=shown.step,
        variant=shown.variant,
        contact=contact,
        sender=sender,
        wording=shown.wording,
        is_new_lead=shown.step.opens_thread,
        not_after=now,
    )
    traces = traces_of([pick])[pick.enrollment_id]
    letter = first_letter(0, pick, _thread(shown, mailbox), now=now, traces=traces)
    links = dict.fromkeys(links_of(letter.text, letter.html, Trace(traces)), TRAP)  # they lead nowhere
    addressing = Addressing(base_of(campaign.workspace_id), links)
    key = signatures_of([campaign.workspace_id]).key_for(campaign.workspace_id, mailbox.address)
    return Exact(shown, content_of(letter, sender, key, addressing), is_signed=key is not None)


def _thread(shown: PreviewedStep, mailbox: Mailbox) -> list[OutboundMessage]:
    """Return what a follow-up would answer: a message that is stored nowhere, with the subject of the thread."""
    if shown.step.opens_thread:
        return []
    message_id = make_message_id(mailbox.address.rpartition("@")[2], "the-message-before")
    return [OutboundMessage(subject=shown.subject, message_id=message_id)]
