"""How many addresses of a list will bounce: an interval from what happened to others with the same verdict.

For each verdict the share that bounces has a Beta distribution: a prior of few imagined addresses, and every address of
our own that was written to. The share of a list is their mixture, with the chance of its own size on top; a Beta
distribution of the same mean and variance gives the interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.contacts.core.verdicts import AddressVerdict

# Of those that a launch leaves out nobody bounces.
LEFT_OUT = frozenset({AddressVerdict.NO_MAIL, AddressVerdict.DISPOSABLE})
# (bounced, arrived) of imagined addresses: where nothing has been sent yet, these alone speak, and they speak softly.
# Lists that nobody has checked bounce by 5 to 15 of 100, checked ones by 1 to 3 (docs/decisions/verification.md).
_PRIORS: Mapping[str, tuple[float, float]] = {
    AddressVerdict.VALID: (1.0, 49.0),
    AddressVerdict.CATCH_ALL: (0.5, 49.5),  # they vanish in silence instead
    AddressVerdict.ROLE: (1.0, 19.0),
    AddressVerdict.RISKY: (2.0, 6.0),
    AddressVerdict.UNKNOWN: (1.5, 13.5),
    "": (1.5, 13.5),
}
_TAIL = 0.05  # on each side


@dataclass(frozen=True, slots=True)
class Record:
    """What became of addresses with one verdict: how many were written to, and how many of them do not exist."""

    tried: int = 0
    bounced: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """The share of bounces to expect, 0 to 1: in nine of ten cases between low and high. tried: what it rests on."""

    low: float
    likely: float
    high: float
    tried: int


def predicted(counts: Mapping[str, int], records: Mapping[str, Record]) -> Prediction | None:
    """Return what to expect of a list with so many addresses of each verdict; None where nobody is written to."""
    written = {verdict: count for verdict, count in counts.items() if count and verdict not in LEFT_OUT}
    total = sum(written.values())
    if not total:
        return None
    mean = variance = 0.0
    for verdict, count in written.items():
        record = records.get(verdict, Record())
        bounced, arrived = _PRIORS[verdict]
        a, b = bounced + record.bounced, arrived + record.tried - record.bounced
        share, own = count / total, a / (a + b)
        mean += share * own
        variance += share**2 * own * (1 - own) / (a + b + 1)
    variance += mean * (1 - mean) / total
    strength = max(mean * (1 - mean) / variance - 1, 1e-3)
    a, b = mean * strength, (1 - mean) * strength
    tried = sum(records[verdict].tried for verdict in written if verdict in records)
    # Of a handful of people none bounces, or all do, in more than nineteen cases of twenty: no reason to promise it.
    low, high = min(beta_quantile(_TAIL, a, b), mean), max(beta_quantile(1 - _TAIL, a, b), mean)
    return Prediction(low, mean, high, tried)


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return where the Beta distribution has p of its mass below, within 1e-9; a, b > 0."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        if beta_below(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """Return the mass of the Beta distribution below x: the regularized incomplete beta function (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction by Lentz's method; its terms shrink quickly on this side of the mean."""
    tiny = 1e-300
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d, tiny)
            c = _not_zero(1 + term / c, tiny)
            result *= d * c
        if abs(d * c - 1) < 1e-12:
            break
    return result


def _not_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
