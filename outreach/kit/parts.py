"""Cut what is long into parts that one statement or one transaction can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def in_parts(things: Sequence[Thing], size: int) -> Iterator[Sequence[Thing]]:
    """Yield the things in their order, `size` at a time, the last part with what is left."""
    return (things[start : start + size] for start in range(0, len(things), size))
