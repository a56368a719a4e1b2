"""A store of compiled things, bounded by weight: what was not used for longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class Shelf(Generic[Key, Thing]):
    """Keeps things up to a total weight. Safe to use from several threads."""

    def __init__(self, *, most_weight: int) -> None:
        self._most = most_weight
        self._weight = 0
        self._kept: OrderedDict[Key, tuple[Thing, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Thing | None:
        """Return the thing, and remember that it was used."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Key, thing: Thing, *, weight: int) -> None:
        """Keep the thing; older ones make room."""
        with self._lock:
            if key in self._kept:
                self._weight -= self._kept.pop(key)[1]
            self._kept[key] = (thing, weight)
            self._weight += weight
            while self._weight > self._most:
                _, (_, freed) = self._kept.popitem(last=False)
                self._weight -= freed
