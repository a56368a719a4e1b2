"""When a DMARC policy can be made stricter without losing mail, and the record that does it. Pure.

The steps are those of RFC 9989: nothing is asked for, quarantine on trial (t=y), quarantine, reject. Each wants the
same proof under the policy that stands: enough days, enough of our own messages, and none of them that would be hit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from outreach.kit.words import plural

LEAST_DAYS = 14
LEAST_MESSAGES = 300  # none of 300 failing leaves at most 1 % that may, with 95 % confidence
LOOK_BACK_DAYS = 30
_CONFIDENCE = 0.95
_GONE = frozenset({"pct", "rf", "ri", "t"})


class Step(StrEnum):
    """What comes next."""

    TRIAL = "trial"  # p=quarantine; t=y
    QUARANTINE = "quarantine"
    REJECT = "reject"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Seen:
    """What reports of the last days say under the policy that stands. own, aligned: our messages, and what passed."""

    days: int
    own: int
    aligned: int
    unknown: int = 0  # messages of sources of which nothing of ours is known
    unknown_sources: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """What comes next, whether it is safe, and why. value: the record to publish; "" where it is not known."""

    step: Step
    is_safe: bool
    reasons: tuple[str, ...]
    value: str = ""
    at_least: float | None = None  # the share of our mail that passes, with 95 % confidence

    @property
    def words(self) -> str:
        """Return the policy of the step as the record has it."""
        return {Step.TRIAL: "p=quarantine on trial (t=y)", Step.DONE: ""}.get(self.step, f"p={self.step}")


def next_step(policy: str, *, is_trial: bool) -> Step:
    """Return the step behind a policy (p=, and whether it is on trial)."""
    if policy == "reject":
        return Step.REJECT if is_trial else Step.DONE
    if policy == "quarantine":
        return Step.QUARANTINE if is_trial else Step.REJECT
    return Step.TRIAL


def advise(tags: Mapping[str, str], seen: Seen) -> Advice:
    """Say what comes next. tags: of the record that stands, {} where nobody knows it."""
    step = next_step(tags.get("p", "").lower(), is_trial=tags.get("t", "").lower() == "y")
    if step is Step.DONE:
        return Advice(step, is_safe=True, reasons=("The policy is as strict as it gets.",))
    against = tuple(_against(seen))
    proved = at_least(seen.own, seen.aligned)
    value = _record(tags, step) if tags else ""
    if against:
        return Advice(step, is_safe=False, reasons=against, value=value, at_least=proved)
    return Advice(step, is_safe=True, reasons=tuple(_in_favour(step, seen, proved)), value=value, at_least=proved)


def at_least(messages: int, passed: int) -> float | None:
    """Return the share that passes at least, with 95 % confidence (Clopper and Pearson 1934, one-sided).

    Only where all of them did: then it is the n-th root of 5 %. None where some did not, or there were none.
    """
    return (1 - _CONFIDENCE) ** (1 / messages) if messages and passed == messages else None


def _against(seen: Seen) -> list[str]:
    found = []
    if seen.days < LEAST_DAYS:
        found.append(
            f"Of the last {LOOK_BACK_DAYS} days {seen.days} were reported under this policy: {LEAST_DAYS} are needed."
        )
    if seen.own < LEAST_MESSAGES:
        found.append(f"They tell of {seen.own:,} messages of yours: {LEAST_MESSAGES} are needed.")
    if seen.aligned < seen.own:
        found.append(
            f"{seen.own - seen.aligned:,} of {seen.own:,} messages of yours did not pass, and would be lost. "
            "The sources below say which."
        )
    return found


def _in_favour(step: Step, seen: Seen, proved: float | None) -> list[str]:
    share = f", so that at least {100 * (proved or 0):.1f} % of them do (95 % confidence)"
    found = [f"On {seen.days} reported days all {seen.own:,} messages of yours passed{share}."]
    if seen.unknown:
        unknown = f"{plural(seen.unknown, 'message')} of {plural(seen.unknown_sources, 'unknown source')}"
        found.append(
            f"{unknown} did not: that is what the policy is for. Make sure that none of the sources below is a service "
            "of yours."
        )
    if step is Step.TRIAL:
        found.append(
            "With t=y receivers apply nothing yet. Older ones do not know it and put what fails with the spam."
        )
    if step is Step.REJECT:
        found.append(
            "What mailing lists change on its way is refused then. If people of the domain write to such lists, stay "
            "with quarantine."
        )
    return found


def _record(tags: Mapping[str, str], step: Step) -> str:
    """Return the record with the stricter policy, and without what RFC 9989 has taken out; all else stays."""
    kept = {name: value for name, value in tags.items() if name not in _GONE and name not in {"v", "p"}}
    policy = Step.QUARANTINE if step is Step.TRIAL else step
    trial = {"t": "y"} if step is Step.TRIAL else {}
    found = {"v": tags.get("v", "DMARC1"), "p": policy.value, **trial, **kept}
    return "; ".join(f"{name}={value}" for name, value in found.items())
