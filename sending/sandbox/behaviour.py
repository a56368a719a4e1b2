"""How each recipient of the sandbox behaves: decided by the address alone, so that every run tells the same story."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum


class Behaviour(StrEnum):
    """What a recipient does with a message. The value is the tag that asks for it: "anna+reply@acme.test"."""

    SILENT = "silent"  # reads it, or does not
    SLOW = "slow"  # silent, and the server takes seconds to take the message; only by its tag
    REPLY = "reply"  # a person answers
    OUT_OF_OFFICE = "ooo"  # a machine answers that they are away
    OPT_OUT = "optout"  # asks to be left alone
    COMPLAIN = "complain"  # presses the spam button; the provider reports it (ARF)
    BOUNCE = "bounce"  # the server takes it and reports later that it could not be delivered
    REFUSE = "refuse"  # 550 5.1.1 at RCPT
    POLICY = "policy"  # 550 5.7.1 at RCPT
    FULL = "full"  # 452 4.2.2 at RCPT
    GREYLIST = "greylist"  # 450 4.7.1 at first, accepted later

    @property
    def is_once(self) -> bool:
        """A person or their absence assistant answers a sender once, not each follow-up; a bounce names each mail."""
        return self is not Behaviour.BOUNCE


# Per thousand, in this order; the rest is silent.
SHARES = (
    (Behaviour.REPLY, 70),
    (Behaviour.OUT_OF_OFFICE, 30),
    (Behaviour.BOUNCE, 20),
    (Behaviour.REFUSE, 15),
    (Behaviour.GREYLIST, 8),
    (Behaviour.POLICY, 7),
    (Behaviour.FULL, 5),
    (Behaviour.OPT_OUT, 3),
    (Behaviour.COMPLAIN, 1),
)
# What the server answers to the name of a recipient.
REFUSALS = {
    Behaviour.REFUSE: "550 5.1.1 The email account that you tried to reach does not exist",
    Behaviour.POLICY: "550 5.7.1 Delivery not authorized, message refused by policy of the recipient",
    Behaviour.FULL: "452 4.2.2 The recipient's mailbox is full",
    Behaviour.GREYLIST: "450 4.7.1 Greylisted, please try again later",
}
GREYLIST_WAIT = timedelta(minutes=4)
FASTEST, SLOWEST = timedelta(minutes=10), timedelta(hours=6)
# A mail server reports within minutes what a person would take hours for.
_MACHINES = frozenset({Behaviour.BOUNCE, Behaviour.OUT_OF_OFFICE})
_MACHINE_FASTEST, _MACHINE_SLOWEST = timedelta(minutes=1), timedelta(minutes=20)


def behaviour_of(address: str) -> Behaviour:
    """Return what this recipient does. A tag decides ("anna+reply@..."), else the hash of the address."""
    local = address.lower().rpartition("@")[0]
    tag = local.rpartition("+")[2] if "+" in local else ""
    if tag in set(Behaviour):
        return Behaviour(tag)
    return drawn(address, SHARES)


def drawn(address: str, shares: Iterable[tuple[Behaviour, int]], *, about: str = "behaviour") -> Behaviour:
    """Return what the recipient does by the draw alone; shares are per thousand, the rest is silent."""
    draw = _draw(f"{about}:{address.lower()}") * 1000
    for behaviour, share in shares:
        if draw < share:
            return behaviour
        draw -= share
    return Behaviour.SILENT


def delay_of(address: str, behaviour: Behaviour | None = None) -> timedelta:
    """Return how long this recipient takes to react, in real time: minutes to hours."""
    is_machine = (behaviour or behaviour_of(address)) in _MACHINES
    fastest, slowest = (_MACHINE_FASTEST, _MACHINE_SLOWEST) if is_machine else (FASTEST, SLOWEST)
    # Squared: most react early, some late.
    return fastest + (slowest - fastest) * _draw(f"delay:{address.lower()}") ** 2


def choice_of(address: str, count: int, about: str = "choice") -> int:
    """Return which of `count` possibilities this recipient uses; each subject (`about`) is drawn by itself."""
    return int(_draw(f"{about}:{address.lower()}") * count)


def _draw(text: str) -> float:
    # 53 bits: what a float holds exactly. With 64 the largest would be rounded up to 1.0, beyond the last choice.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53
