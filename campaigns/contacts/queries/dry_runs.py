"""What a dry run found, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.contacts.core.difference import Change, Difference, Rejections
from campaigns.contacts.core.fields import CUSTOM_PREFIX, LABELS
from campaigns.contacts.models import ContactImport, DryRun
from campaigns.contacts.queries.imports import Progress

_TELLING = 0.05  # of the file: before that a speed is a guess


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The difference with its parts in the order in which they are shown: the most first."""

    difference: Difference
    changes: list[tuple[str, Change]]  # label of the field
    rejections: list[tuple[str, Rejections]]


def dry_run_of(row: ContactImport) -> DryRun | None:
    return DryRun.objects.filter(contact_import=row.pk).first()


def foreseen(dry_run: DryRun) -> Foreseen | None:
    """Return what a dry run found; None before it is done."""
    if dry_run.difference is None:
        return None
    found = Difference.from_json(dry_run.difference)
    changes = sorted(found.changes.items(), key=lambda item: -item[1].people)
    return Foreseen(
        found,
        [(LABELS.get(name) or name.removeprefix(CUSTOM_PREFIX), change) for name, change in changes],
        sorted(found.rejections.items(), key=lambda item: -item[1].rows),
    )


def dry_run_progress(row: ContactImport, dry_run: DryRun, *, now: datetime) -> Progress:
    """Return the share of the file that was compared, and how long the rest takes at that speed."""
    share = min(1.0, dry_run.bytes_read / row.table_bytes) if row.table_bytes else 0.0
    left: timedelta | None = None
    if dry_run.started_at is not None and share > _TELLING:
        left = (now - dry_run.started_at) * ((1 - share) / share)
    return Progress(percent=round(100 * share), is_merging=False, left=left)
