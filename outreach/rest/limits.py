"""How many requests a key may make in a minute; told in every answer (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpResponseBase

PER_MINUTE = 600
_WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """What a key has left in this minute."""

    left: int  # below 0 = this request is one too many
    resets_in_s: int

    def tell(self, response: HttpResponseBase) -> None:
        """Write it into the headers of an answer."""
        response["RateLimit-Policy"] = f'"key";q={PER_MINUTE};w={_WINDOW_S}'
        response["RateLimit"] = f'"key";r={max(self.left, 0)};t={self.resets_in_s}'


def spend(key_id: int, *, now_s: float) -> Rate:
    """Count one request of the key, now_s in seconds since 1970.

    While Redis is away each process counts for itself (kit.cache): the limit is then so many times as high, and no
    request fails for it.
    """
    window, passed_s = divmod(int(now_s), _WINDOW_S)
    return Rate(PER_MINUTE - _counted(f"api-rate:{key_id}:{window}"), _WINDOW_S - passed_s)


def _counted(name: str) -> int:
    for _ in range(2):
        try:
            return cache.incr(name)
        except ValueError:  # the first of this minute
            if cache.add(name, 1, timeout=2 * _WINDOW_S):
                return 1
    return 1
