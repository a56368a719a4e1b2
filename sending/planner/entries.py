"""What the story tells of somebody's way through a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry
from sending.planner.models import Enrollment


class Way(Protocol):
    """What names somebody's way through a campaign: a row that a statement gave, a candidate of a claim."""

    @property
    def workspace_id(self) -> int: ...
    @property
    def campaign_id(self) -> int: ...
    @property
    def contact_id(self) -> int: ...
    @property
    def enrollment_id(self) -> int: ...
    @property
    def mailbox_id(self) -> int | None: ...


def entry_for(way: Way, kind: EventKind, at: datetime, data: Mapping[str, Any]) -> Entry:
    """Return the entry about a way; data is what its words are made of."""
    return _entry(way, way.enrollment_id, kind, at, data)


def entry_of(row: Enrollment, kind: EventKind, at: datetime, **data: Any) -> Entry:
    """Return the entry about an enrollment."""
    return _entry(row, row.pk, kind, at, data)


def _entry(of: Way | Enrollment, enrollment_id: int, kind: EventKind, at: datetime, data: Mapping[str, Any]) -> Entry:
    return Entry(
        workspace_id=of.workspace_id,
        kind=kind,
        at=at,
        campaign_id=of.campaign_id,
        contact_id=of.contact_id,
        enrollment_id=enrollment_id,
        mailbox_id=of.mailbox_id,
        data=dict(data),
    )
