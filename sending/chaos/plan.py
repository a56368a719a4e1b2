"""What is to be carried out, said without Django: the sizes of runs, and a fault with its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Size:
    """How much to do. is_short: what a test suite has time for; messages and kills are those of F2."""

    is_short: bool
    messages: int
    kills: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A fault in words. runs: what carry_out takes, once for each run; none where the size leaves it out."""

    title: str
    runs: Callable[[Size], Sequence[Callable[[Any], None]]]
