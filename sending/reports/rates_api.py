"""A rate as the HTTP API of the room shows it."""

from __future__ import annotations

from ninja import Schema
from pydantic import Field

from sending.reports.results import Rate


class RateOut(Schema):
    """A count of the messages delivered, and the interval of its true rate."""

    count: int
    rate: float | None = Field(description="Between 0 and 1; null where nothing was delivered.")
    low: float = Field(description="With 95 % confidence (Wilson score).")
    high: float

    @classmethod
    def of(cls, rate: Rate) -> RateOut:
        return cls(count=rate.hits, rate=rate.share, low=rate.low, high=rate.high)
