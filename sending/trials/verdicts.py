"""What may be said of two wordings: nothing too early, nothing of uneven people, and no praise for what annoys."""

from __future__ import annotations

from enum import StrEnum

from sending.trials.evidence import Comparison, misfit

FEWEST = 200  # people that each wording must have reached before anything is said
_UNEVEN = 1_000.0


class Verdict(StrEnum):
    """What the good answers, and the opt-outs and complaints beside them, say of the second wording."""

    TOO_FEW = "too_few"  # one of the two has reached fewer than FEWEST people
    UNEVEN = "uneven"  # they did not get their people by their shares: nothing else may be said
    OPEN = "open"  # they may be equal
    MORE = "more"  # it brings more good answers
    LESS = "less"
    ANNOYS = "annoys"  # it drives more people away, whatever it brings
    FIRST_ANNOYS = "first_annoys"  # the first one does


def verdict_of(people: tuple[int, int], answers: Comparison, objections: Comparison, *, share: float) -> Verdict:
    """Return the verdict of the second against the first; people: whom each has reached, in this order."""
    if misfit(*people, share=share) >= _UNEVEN:
        return Verdict.UNEVEN
    if min(people) < FEWEST:
        return Verdict.TOO_FEW
    if objections.low > 1.0:
        return Verdict.ANNOYS
    if objections.high < 1.0:
        return Verdict.FIRST_ANNOYS
    if answers.low > 1.0:
        return Verdict.MORE
    return Verdict.LESS if answers.high < 1.0 else Verdict.OPEN
