"""What a comparison can find out, reckoned before it begins: by the very rule that will judge it."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from math import exp, lgamma, log

from sending.trials.evidence import ALPHA, STRENGTH

POWER = 0.8
_MOST_ANSWERS = 300  # reckoned one by one; beyond, ratios shrink with the root of the answers, to a hundredth as exact
_WIDEST = 100.0
_CLOSE = 0.002  # of the logarithm of the ratio


@lru_cache(maxsize=256)
def smallest_ratio(
    people: int, *, share: float, rate: float, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return by how many times the second wording must be better to be found out in four of five comparisons.

    people: that both get together; share: of these, of the second; rate: of people who answer well to the first one,
    0 < rate < 1. Found out: equality is given up at some look, see evidence. None where even a hundredfold is missed.
    """
    if not people or not 0.0 < share < 1.0 or not 0.0 < rate < 1.0:
        return None

    def found(ratio: float) -> float:
        return _found(people, share=share, rate=rate, ratio=ratio, alpha=alpha)

    low, high = 0.0, log(_WIDEST)
    if found(_WIDEST) < power:
        return None
    while high - low > _CLOSE:
        middle = (low + high) / 2
        low, high = (low, middle) if found(exp(middle)) >= power else (middle, high)
    return exp(high)


def _found(people: int, *, share: float, rate: float, ratio: float, alpha: float) -> float:
    """Return the probability that a true ratio is noticed before all people were written to and have answered."""
    expected = people * ((1.0 - share) * rate + share * min(rate * ratio, 1.0))
    if expected > _MOST_ANSWERS:
        ratio = exp(log(ratio) * (expected / _MOST_ANSWERS) ** 0.5)
        expected = float(_MOST_ANSWERS)
    of_answers = share * ratio / (share * ratio + 1.0 - share)
    most = int(expected + 5.0 * expected**0.5) + 1
    by_then = crossed(most, of_answers, share=share, alpha=alpha)
    # How many answers there will be is not known: about a Poisson number.
    return sum(exp(n * log(expected) - expected - lgamma(n + 1)) * by_then[n] for n in range(most + 1))


def crossed(most: int, of_answers: float, *, share: float, alpha: float = ALPHA) -> list[float]:
    """Return the probability that the evidence has reached 1/alpha by the n-th answer, for n from 0 to `most`.

    of_answers: the true share of the second wording in them. All rows of answers that have not reached it are followed
    by how many of them are the second's.
    """
    lows, highs = _bounds(most, share=share, alpha=alpha)
    alive = {0: 1.0}
    gone = [0.0]
    for n in range(1, most + 1):
        after: dict[int, float] = {}
        for second, likely in alive.items():
            after[second] = after.get(second, 0.0) + likely * (1.0 - of_answers)
            after[second + 1] = after.get(second + 1, 0.0) + likely * of_answers
        out = [second for second in after if second <= lows[n] or second >= highs[n]]
        gone.append(sum(after.pop(second) for second in out))
        alive = after
    return list(accumulate(gone))


@lru_cache(maxsize=32)
def _bounds(most: int, *, share: float, alpha: float) -> tuple[list[int], list[int]]:
    """Return for each number of answers how few, and how many, of the second are beyond the line."""
    toward, away = STRENGTH * share, STRENGTH * (1.0 - share)
    up = [lgamma(toward + n) for n in range(most + 1)]
    down = [lgamma(away + n) for n in range(most + 1)]
    start = lgamma(toward) + lgamma(away) - lgamma(STRENGTH)
    line = -log(alpha)
    lows, highs = [-1], [1]
    for n in range(1, most + 1):
        whole = lgamma(STRENGTH + n) + start + line

        def beyond(second: int, n: int = n, whole: float = whole) -> bool:
            likely = second * log(share) + (n - second) * log(1.0 - share)
            return up[second] + down[n - second] - likely >= whole

        low, high = lows[-1], max(highs[-1], 1)
        # Both lines only ever rise.
        while low + 1 <= n * share and beyond(low + 1):
            low += 1
        while high <= n and not (high > n * share and beyond(high)):
            high += 1
        lows.append(low)
        highs.append(high)
    return lows, highs
