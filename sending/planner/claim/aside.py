"""People who were picked for a step that was made for them already: held with words, and nobody behind them waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.pacing import HoldCode
from sending.planner.claim.picking import Pick
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

_LOOK = timedelta(days=1)  # by itself it does not change, and each look is told


def set_aside(picks: Sequence[Pick], *, now: datetime) -> None:
    """Put people back whom this transaction has picked. Runs inside it; a person lets them go on (services.go_on)."""
    entries = []
    for pick in picks:
        words = f"A message of step {pick.step.name} was made for them already."
        until = now + pick.sender.pace.shrink(_LOOK)
        Enrollment.objects.filter(pk=pick.enrollment_id, state=EnrollmentState.SENDING).update(
            state=EnrollmentState.ACTIVE,
            due_at=until,
            hold_code=HoldCode.MADE_ALREADY,
            hold_detail=words,
            held_since=now,
        )
        entries.append(
            Entry(
                workspace_id=pick.sender.workspace_id,
                kind=EventKind.HELD,
                at=now,
                campaign_id=pick.plan.id,
                contact_id=pick.contact.pk,
                enrollment_id=pick.enrollment_id,
                mailbox_id=pick.sender.id,
                data={"code": HoldCode.MADE_ALREADY.value, "words": words, "until": until.isoformat()},
            )
        )
    record(entries)
