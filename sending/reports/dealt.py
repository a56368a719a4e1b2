"""Who was dealt which wording of a step, by what shares, and what became of it: all that a comparison rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.sequences.models import Campaign, ShareChange, Step, Variant
from outreach.kit import statements
from sending.reports.wordings import LIKED, SAID, Stretch, asked, stretches_of


@dataclass(frozen=True, slots=True)
class Dealt:
    """One person of a step: which wording they were dealt by which shares, and what they said since."""

    contact_id: int
    label: str
    version: int
    share: int | None  # of the wording, then; None: its stretch is not known, or nothing was compared
    shares: str  # of all wordings of the step then, as "A=1 B=1"
    made_at: datetime
    left_at: datetime | None
    good_at: datetime | None
    is_read: bool | None  # the good answer, by a person of the team
    against_at: datetime | None


# In the order of their making, which is that of their keys; read by the thousand.
_DEALT = """
SELECT m.id, m.contact_id, m.variant_id, m.wording_version, m.created_at, m.dot_at, good.at, good.is_read, against.at
  FROM outbox_message m
  LEFT JOIN LATERAL (
      SELECT min(i.received_at) AS at, bool_or(i.label <> '') AS is_read FROM inbox_message i
       WHERE i.enrollment_id = m.enrollment_id AND i.received_at >= m.dot_at
         AND (i.label = %(good)s OR i.label = '' AND i.guess = %(good)s)) good ON true
  LEFT JOIN LATERAL (
      SELECT min(said.at) AS at FROM (
          SELECT v.at FROM ledger_event v
           WHERE v.contact_id = m.contact_id AND v.enrollment_id = m.enrollment_id AND v.kind = ANY(%(kinds)s::text[])
          UNION ALL
          SELECT e.ended_at FROM planner_enrollment e
           WHERE e.id = m.enrollment_id AND e.stop_reason = ANY(%(reasons)s::text[])) said
       WHERE said.at >= m.dot_at) against ON true
 WHERE m.step_id = %(step)s AND m.state = ANY(%(went)s::text[]) AND m.id > %(after)s
 ORDER BY m.id
 LIMIT 2000
"""


def dealt_to(campaign: Campaign, step_id: int) -> Iterator[Dealt]:
    """Yield everybody whom the step has reached, in the order in which their messages were made, in bounded memory."""
    step = Step.objects.get(pk=step_id, campaign=campaign)
    variants = Variant.objects.filter(step=step).in_bulk()
    changes = ShareChange.objects.filter(variant__in=variants).order_by("at", "pk")
    stretches = stretches_of(changes)
    wanted = {**asked(campaign, step), **SAID, **LIKED}
    after = 0
    while rows := statements.run(_DEALT, {**wanted, "after": after}):
        for _, contact, variant, version, made, left, good, is_read, against in rows:
            stretch = next((one for one in stretches if one.holds(variant, version, made)), None)
            yield Dealt(
                contact_id=contact,
                label=variants[variant].label,
                version=version,
                share=stretch.shares[variant] if stretch else None,
                shares=_told(stretch, variants) if stretch else "",
                made_at=made,
                left_at=left,
                good_at=good,
                is_read=is_read,
                against_at=against,
            )
        after = rows[-1][0]


def _told(stretch: Stretch, variants: Mapping[int, Variant]) -> str:
    labels = sorted((variants[pk].label, weight) for pk, weight in stretch.shares.items())
    return " ".join(f"{label}={weight}" for label, weight in labels)
