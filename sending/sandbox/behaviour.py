"""How each recipient of the sandbox behaves: decided by the address alone, so that every run tells the same story."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from enum import StrEnum


class Behaviour(StrEnum):
    """What a recipient does with a message."""

    SILENT = "silent"  # reads it, or does not
    REPLY = "reply"  # a person answers
    OUT_OF_OFFICE = "ooo"  # a machine answers that they are away
    OPT_OUT = "optout"  # asks to be left alone
    COMPLAIN = "complain"  # presses the spam button; the provider reports it (ARF)
    BOUNCE = "bounce"  # the server takes it and reports later that it could not be delivered
    REFUSE = "refuse"  # 550 5.1.1 at RCPT
    POLICY = "policy"  # 550 5.7.1 at RCPT
    FULL = "full"  # 452 4.2.2 at RCPT
    GREYLIST = "greylist"  # 450 4.7.1 at first, accepted later


# Per thousand, in this order; the rest is silent.
_SHARES = (
    (Behaviour.REPLY, 70),
    (Behaviour.OUT_OF_OFFICE, 30),
    (Behaviour.BOUNCE, 20),
    (Behaviour.REFUSE, 15),
    (Behaviour.GREYLIST, 8),
    (Behaviour.POLICY, 7),
    (Behaviour.FULL, 5),
    (Behaviour.OPT_OUT, 5),
    (Behaviour.COMPLAIN, 2),
)
GREYLIST_WAIT = timedelta(minutes=4)
_FASTEST, _SLOWEST = timedelta(minutes=10), timedelta(hours=6)


def behaviour_of(address: str) -> Behaviour:
    """Return what this recipient does. A tag decides ("anna+reply@..."), else the hash of the address."""
    local = address.lower().partition("@")[0]
    tag = local.rpartition("+")[2] if "+" in local else ""
    if tag in set(Behaviour):
        return Behaviour(tag)
    draw = _draw(f"behaviour:{address.lower()}") * 1000
    for behaviour, share in _SHARES:
        if draw < share:
            return behaviour
        draw -= share
    return Behaviour.SILENT


def delay_of(address: str) -> timedelta:
    """Return how long this recipient takes to react, in real time."""
    # Squared: most react early, some late.
    return _FASTEST + (_SLOWEST - _FASTEST) * _draw(f"delay:{address.lower()}") ** 2


def choice_of(address: str, count: int) -> int:
    """Return which of `count` texts this recipient uses."""
    return int(_draw(f"choice:{address.lower()}") * count)


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
