"""What the ledger is told of messages."""

from __future__ import annotations

from datetime import datetime

from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry
from sending.outbox.jobs import Letter
from sending.outbox.models import OutboundMessage


def entry_about(message: OutboundMessage | Letter, kind: EventKind, at: datetime, **data: object) -> Entry:
    """Return the event of a message, stored or in a worker's hands; data as the kind has it, `words` for people."""
    return Entry(
        workspace_id=message.workspace_id,
        kind=kind,
        at=at,
        campaign_id=message.campaign_id,
        contact_id=message.contact_id,
        enrollment_id=message.enrollment_id,
        mailbox_id=message.mailbox_id,
        message_id=message.pk,
        data=data,
    )


def position_of(message: OutboundMessage) -> int:
    """Return the place of a message's step, which is loaded; 0 of an answer."""
    return message.step.position if message.step else 0
