"""Tell stories of a state machine over virtual time: the same ones each time, and no more than a suite can wait for."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.sending.planner.hours import virtual_time


def tell(machine: type[RuleBasedStateMachine], *, examples: int) -> None:
    """Run so many stories of 25 acts; the first that breaks an invariant fails the test."""
    few = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # a story of 25 acts is told faster than it is shortened
        suppress_health_check=list(HealthCheck),
    )
    with virtual_time():
        run_state_machine_as_test(machine, settings=few)
