"""The own wait of a message that an answer leads to: it counts from the message before it, where that left later."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from campaigns.sequences.plans import plans
from sending.pacing import Pace
from sending.pacing.waits import opening_after
from sending.planner.claim.branching import over
from sending.planner.claim.facts import zone_of
from sending.planner.models import Enrollment


def let_wait(ids: Collection[int]) -> set[int]:
    """Let those whom an answer has led on wait no less than the wait of their step from their last message.

    Returns who is due later than before, by that alone. Runs inside the transaction that led them on, which holds them.
    """
    if not ids:
        return set()
    rows = Enrollment.objects.filter(pk__in=ids, last_sent_at__isnull=False, led_until__isnull=False)
    found = list(rows.select_related("contact", "workspace").order_by("pk"))
    loaded, later = plans({row.campaign_id for row in found}), set()
    for row in found:
        plan, zone = loaded[row.campaign_id], zone_of(loaded[row.campaign_id], row.contact)[1]
        step = plan.step_from(row.next_position)
        if step is None or row.last_sent_at is None or row.led_until is None or row.due_at is None:
            continue
        own = opening_after(
            over(plan, step, row.last_sent_at, zone, Pace(row.workspace.time_scale)), plan.schedule, zone
        )
        values: dict[str, Any] = {"led_until": max(row.led_until, own)}
        if row.due_at < own:
            values |= {"due_at": own, "hold_code": "", "hold_detail": "", "held_since": None}
            later.add(row.pk)
        Enrollment.objects.filter(pk=row.pk).update(**values)
    return later
