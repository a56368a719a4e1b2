"""Evidence about two wordings that stays valid however often it is looked at.

The method is the one of Robbins (1970) for a coin: of each good answer it is noted whether it belongs to the second
wording. Let its true share of the answers be t. The ratio of how well a mixture over all coins foretells the answers so
far, to how well the coin t does, is a martingale that begins at 1; by Ville's inequality (1939) it ever reaches 1/alpha
with probability alpha at most. So all t at which it stands below 1/alpha, together, are an interval that holds the true
one at every look at once with confidence 1 - alpha. Lindon and Malek (2022), "Anytime-Valid Inference for Multinomial
Count Data", NeurIPS 35, use it for such counts; Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49(2), tell the theory.

The mixture is a Beta distribution around the share that equal wordings would have. STRENGTH says how narrow it is; it
decides when a difference is found soonest, and nothing about validity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp, inf, lgamma, log

ALPHA = 0.05
STRENGTH = 6.0  # best where some 50 answers tell: the narrowest interval there, of alpha 5 %
_STEPS = 30  # halvings of a bracket: beyond what a page can show
_MOST_LOOKS = 1_000  # in a long row of answers not each one gets an interval of its own: any choice of looks is valid


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the good answers say of the second wording, against the first.

    ratio: the rate of the second over that of the first, None before any answer; low and high hold it with 95 %
    confidence at every look at once (of several comparisons together, see `alpha`). evidence: how many times better the
    answers are foretold without equality than with it, at its highest so far; at 1/alpha equality is given up.
    """

    first: int
    second: int
    ratio: float | None
    low: float
    high: float
    evidence: float

    @property
    def is_open_above(self) -> bool:
        """No ratio is too high for what is known."""
        return self.high == inf

    @property
    def differs(self) -> bool:
        return self.low > 1.0 or self.high < 1.0


def compare(answers: Iterable[bool], *, share: float, alpha: float = ALPHA) -> Comparison:
    """Return what the answers say, in the order in which they came: True is one to the second wording.

    share: of the people that the second wording gets, of those of both; 0 < share < 1. The interval is what all
    intervals along the way have in common, so it only ever becomes narrower.
    """
    drawn = list(answers)
    often = max(1, len(drawn) // _MOST_LOOKS)
    first = second = 0
    low, high, most = 0.0, 1.0, 0.0
    for number, is_second in enumerate(drawn, start=1):
        first, second = first + (not is_second), second + is_second
        most = max(most, log_evidence(first, second, share=share))
        if number % often == 0 or number == len(drawn):
            below, above = interval(first, second, share=share, alpha=alpha)
            if below <= high and above >= low:  # else the shares were not as said: the older one stays
                low, high = max(low, below), min(high, above)
    met = second / (first + second) if drawn else None
    return Comparison(
        first=first,
        second=second,
        ratio=None if met is None else _ratio(met, share),
        low=_ratio(low, share),
        high=_ratio(high, share),
        evidence=exp(min(most, 700.0)),
    )


def misfit(first: int, second: int, *, share: float) -> float:
    """Return the evidence that people were not dealt by their shares: how many of them each wording has got.

    Equal dealing reaches 1,000 in one of a thousand comparisons at most, however often it is asked.
    """
    return exp(min(log_evidence(first, second, share=share), 700.0))


def log_evidence(first: int, second: int, *, share: float, at: float | None = None) -> float:
    """Return the logarithm of the martingale, against a true share `at` of the answers (else: that of equality)."""
    at = share if at is None else at
    return _foretold(first, second, share) - _times(second, at) - _times(first, 1.0 - at)


def interval(first: int, second: int, *, share: float, alpha: float = ALPHA) -> tuple[float, float]:
    """Return between which shares of the answers the true one lies, as of this look; (0, 1) before any answer."""
    if not first + second:
        return 0.0, 1.0
    line = _foretold(first, second, share) + log(alpha)
    met = second / (first + second)

    def held(at: float) -> bool:
        return line < _times(second, at) + _times(first, 1.0 - at)

    return _edge(held, met, 0.0), _edge(held, met, 1.0)


def _edge(held: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the last point on the way outside that is still held; the martingale grows with the distance."""
    if held(outside):
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if held(middle):
            inside = middle
        else:
            outside = middle
    return outside


def _ratio(of_answers: float, share: float) -> float:
    """Return by how much better the second is, where this share of the answers is its."""
    return inf if of_answers >= 1.0 else of_answers * (1.0 - share) / ((1.0 - of_answers) * share)


def _foretold(first: int, second: int, share: float) -> float:
    """Return the logarithm of how likely the mixture makes the answers."""
    toward, away = STRENGTH * share, STRENGTH * (1.0 - share)
    return _log_beta(toward + second, away + first) - _log_beta(toward, away)


def _times(count: int, probability: float) -> float:
    """Return count x log(probability), also for what never happened."""
    if not count:
        return 0.0
    return count * log(probability) if probability > 0.0 else -inf


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
