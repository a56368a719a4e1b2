"""One performance: cast, stage, play, report. Runs behind the curtain, and tells what happens as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sending.rehearsal.casting import cast_of
from sending.rehearsal.errors import NotPossible
from sending.rehearsal.play import MOST_MESSAGES, MOST_S, Arrived, Play, Tried, begin
from sending.rehearsal.reporting import Reporter
from sending.rehearsal.script import Script
from sending.rehearsal.stage import set_stage
from sending.rehearsal.telling import Fault, Moment, Told

_EVERY_S = 0.2  # between two words about the clock


@dataclass(frozen=True, slots=True)
class Orders:
    """Which campaign is played, from when to when, with whom."""

    campaign_id: int
    begins_at: datetime
    until: datetime
    script: Script = field(default_factory=Script)
    most: int = MOST_MESSAGES
    most_s: float = MOST_S


def perform(orders: Orders, tell: Callable[[Told], None]) -> None:
    """Play a campaign and tell of it; a Fault is told where it cannot be played."""
    try:
        cast = cast_of(orders.campaign_id, begins_at=orders.begins_at, with_forecast=orders.script.is_empty)
    except NotPossible as error:
        tell(Fault(str(error)))
        return
    set_stage(cast)
    begin(cast)
    reporter = Reporter(cast)
    play = Play(cast, orders.script, tell=_Teller(reporter, tell))
    ending = play.run(orders.until, most=orders.most, most_s=orders.most_s)
    for one in reporter.standings():
        tell(one)
    tell(reporter.report(ending, play.now))


class _Teller:
    """Passes on what happens in the campaign that is played, and from time to time where the clock stands."""

    def __init__(self, reporter: Reporter, tell: Callable[[Told], None]) -> None:
        self._reporter = reporter
        self._tell = tell
        self._spoke_at = 0.0

    def __call__(self, one: Tried | Arrived | datetime) -> None:
        match one:
            case datetime():
                if time.monotonic() - self._spoke_at > _EVERY_S:
                    self._spoke_at = time.monotonic()
                    self._tell(Moment(one))
            case Tried():
                message = self._reporter.message(one)
                if message is not None:
                    self._tell(message)
            case Arrived():
                self._tell(self._reporter.arrival(one))
