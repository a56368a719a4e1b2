"""Every fault that can be carried out, by its number, with its short and its long form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sending.chaos.soak import soak
from sending.chaos.steps import matrix
from sending.chaos.world import Fault


@dataclass(frozen=True, slots=True)
class Size:
    """How much to do. is_short: what a test suite has time for; messages and kills are those of F2."""

    is_short: bool
    messages: int
    kills: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A fault in words, and its runs."""

    title: str
    runs: Callable[[Size], Sequence[Fault]]


def _soak(size: Size) -> Sequence[Fault]:
    return [partial(soak, messages=size.messages, kills=size.kills)]


FAULTS: Mapping[str, Subject] = {
    "F1": Subject("worker killed, ended or asleep at each step", lambda size: matrix(is_short=size.is_short)),
    "F2": Subject("worker killed at random moments", _soak),
}
