"""How many contacts campaigns have begun today, counting those of the claim under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sending.pacing import Cap, Hold, Pace, decide, new_leads_gate
from sending.pacing.throttles import throttle_gates
from sending.planner.claim.candidates import Limited
from sending.planner.claim.facts import NewLeads, new_leads_today
from sending.planner.claim.throttling import Throttling


class Begun:
    """The limited campaigns of a claim, which holds them until its commit."""

    def __init__(
        self, limited: Sequence[Limited], paces: Mapping[int, Pace], throttling: Throttling, *, now: datetime
    ) -> None:
        """Count what the campaigns have begun; paces are by workspace."""
        self._throttling = throttling
        self._now = now
        self._limits = {one.campaign_id: one.new_leads_per_day for one in limited}
        self._paces = {one.campaign_id: paces[one.workspace_id] for one in limited}
        self._counts = new_leads_today(self._paces, now=now) if self._paces else {}
        self._held = {one.campaign_id for one in limited if one.is_held}

    def of(self, campaign_id: int) -> NewLeads:
        return self._counts.get(campaign_id, NewLeads())

    def add(self, campaign_id: int) -> None:
        """Count one more; its place comes back in a day."""
        if campaign_id in self._limits:
            before = self.of(campaign_id)
            free_at = before.free_at or self._now + self._paces[campaign_id].day
            self._counts[campaign_id] = NewLeads(before.today + 1, free_at)

    def changes(self) -> dict[int, Hold | None]:
        """Return the holds as they are to be kept; None where one is to be lifted."""
        return {pk: hold for pk, hold in self.holds().items() if hold or pk in self._held}

    def holds(self) -> dict[int, Hold | None]:
        """Return for each limited campaign why it begins nobody any more; None where it may."""
        verdicts = {
            pk: decide(
                (
                    new_leads_gate(
                        Cap(limit, self.of(pk).today, self.of(pk).free_at), now=self._now, pace=self._paces[pk]
                    ),
                    *throttle_gates(self._throttling.of_campaign(pk), now=self._now, pace=self._paces[pk]),
                )
            )
            for pk, limit in self._limits.items()
        }
        return {pk: one if isinstance(one, Hold) else None for pk, one in verdicts.items()}
