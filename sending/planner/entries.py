"""What the story tells of somebody's way through a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry
from sending.planner.models import Enrollment


def entry_of(row: Enrollment, kind: EventKind, at: datetime, **data: Any) -> Entry:
    """Return the entry about an enrollment; data is what its words are made of."""
    return Entry(
        workspace_id=row.workspace_id,
        kind=kind,
        at=at,
        campaign_id=row.campaign_id,
        contact_id=row.contact_id,
        enrollment_id=row.pk,
        mailbox_id=row.mailbox_id,
        data=data,
    )
