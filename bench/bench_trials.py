"""Comparisons of wordings, simulated: how often whoever looks at every answer is misled, and how often they find out.

`make bench ARGS=trials`. People are dealt in blocks as campaigns deal them,
answer at random, and every answer is looked at. Beside it the test of two rates that is made for one look, taken at
every answer: what a page would tell that shows "95 % significant" as soon as it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import log, sqrt

from sending.trials import smallest_ratio
from sending.trials.evidence import ALPHA, log_evidence

RUNS = 10_000
PEOPLE = 4_000
_WEIGHTS = ((1, 1), (4, 1))  # of the first and the second wording
_RATES = (0.01, 0.03, 0.1)  # of people who answer well to the first
_Z = 1.96
_SEED = 20260105


@dataclass(slots=True)
class Tally:
    """In how many runs it happened at any look."""

    refuted: int = 0  # the true ratio lay outside of the interval
    told_apart: int = 0  # equality did
    told_by_z: int = 0  # the test for one look found a difference


def main(runs: int = RUNS) -> None:
    """Print for each share and rate how often the interval missed the truth, and how often a difference was found."""
    print(f"{runs:,} comparisons each, of {PEOPLE:,} people, looked at after every good answer")
    heads = ("truth outside", "told apart", "by a test of one look")
    print(f"  {'shares':<8} {'rate':>6} {'ratio':>6} {heads[0]:>14} {heads[1]:>11} {heads[2]:>22}")
    for weights in _WEIGHTS:
        share = weights[1] / sum(weights)
        for rate in _RATES:
            found = smallest_ratio(PEOPLE, share=share, rate=rate) or 1.0
            for ratio in (1.0, found):
                dice = random.Random(f"{_SEED}:{weights}:{rate}:{ratio}")  # a simulation
                tally = Tally()
                for _ in range(runs):
                    _run(tally, dice, weights, rate, ratio)
                row = (tally.refuted, tally.told_apart, tally.told_by_z)
                print(
                    f"  {weights[0]}:{weights[1]:<6} {rate:>6.1%} {ratio:>6.2f} "
                    + " ".join(f"{count / runs:>{width}.1%}" for count, width in zip(row, (14, 11, 22), strict=True)),
                    flush=True,
                )


def _run(tally: Tally, dice: random.Random, weights: tuple[int, int], rate: float, ratio: float) -> None:
    """Let one comparison run to its end."""
    share = weights[1] / sum(weights)
    truth = share * ratio / (share * ratio + 1.0 - share)
    line = -log(ALPHA)
    refuted = apart = by_z = False
    answers = [0, 0]
    for person, arm in _good(dice, weights, rate, ratio):
        answers[arm] += 1
        refuted = refuted or log_evidence(*answers, share=share, at=truth) >= line
        apart = apart or log_evidence(*answers, share=share) >= line
        by_z = by_z or _is_significant(answers, person + 1, share)
    tally.refuted += refuted
    tally.told_apart += apart
    tally.told_by_z += by_z


def _good(dice: random.Random, weights: tuple[int, int], rate: float, ratio: float) -> Iterator[tuple[int, int]]:
    """Yield who answers well, and the place of their wording: of each block every wording has its weight."""
    highest = rate * max(ratio, 1.0)
    size = sum(weights)
    block, arms = -1, [0] * weights[0] + [1] * weights[1]
    person = -1
    while True:
        person += 1 + int(log(1.0 - dice.random()) / log(1.0 - highest))  # the gap to the next one that may
        if person >= PEOPLE:
            return
        if person // size != block:
            block = person // size
            dice.shuffle(arms)
        arm = arms[person % size]
        if dice.random() < (rate * ratio if arm else rate) / highest:
            yield person, arm


def _is_significant(answers: list[int], people: int, share: float) -> bool:
    """Return whether the usual test of two rates finds a difference, at 200 people of each and 5 answers at least."""
    second = people * share
    first = people - second
    if min(first, second) < 200 or sum(answers) < 5:
        return False
    both = sum(answers) / people
    error = sqrt(both * (1.0 - both) * (1.0 / first + 1.0 / second))
    return abs(answers[1] / second - answers[0] / first) > _Z * error
