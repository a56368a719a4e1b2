"""The states of an outbound message."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class MessageState(StrEnum):
    """Where one message stands. Everything after DOT_PENDING is decided by the server's answer, or by its absence."""

    CLAIMED = "claimed"  # a worker holds it and connects; if the worker dies, it is simply claimed again
    DOT_PENDING = "dot_pending"  # durably marked before the first byte of the body leaves us
    SENT = "sent"  # the server took it
    DEFERRED = "deferred"  # refused for now, or the connection failed before the dot; retry_at says when again
    FAILED = "failed"  # refused for good, or out of tries
    IN_DOUBT = "in_doubt"  # the answer was lost: perhaps taken. Never resent by itself
    ASSUMED_SENT = "assumed_sent"  # in doubt for a day without evidence; counts as sent, flagged
    CANCELLED = "cancelled"  # called off before the dot: reply, opt-out, pause, removal


DOUBTS = (MessageState.IN_DOUBT, MessageState.ASSUMED_SENT)


class AttemptOutcome(StrEnum):
    """How one try ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # a definite "not now"
    REFUSED = "refused"  # a definite "no"
    UNREACHABLE = "unreachable"  # no usable answer before the message had left whole
    IN_DOUBT = "in_doubt"  # no definite answer after it
    WITHDRAWN = "withdrawn"  # called back before it left
    LOST = "lost"  # its worker ended before anything left, and wrote nothing down


MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.CLAIMED: frozenset(
        {
            MessageState.DOT_PENDING,
            MessageState.DEFERRED,
            MessageState.FAILED,
            MessageState.CANCELLED,
            # Only of what is sent again after a doubt: proof of its first copy comes, or the second one is called off.
            MessageState.SENT,
            MessageState.ASSUMED_SENT,
        }
    ),
    MessageState.DOT_PENDING: frozenset(
        {MessageState.SENT, MessageState.DEFERRED, MessageState.FAILED, MessageState.IN_DOUBT}
    ),
    MessageState.DEFERRED: frozenset(
        {
            MessageState.CLAIMED,
            MessageState.FAILED,
            MessageState.CANCELLED,
            MessageState.SENT,  # as above
            MessageState.ASSUMED_SENT,  # as above
        }
    ),
    # A definite answer to the very attempt that is in doubt may still come: its worker was only asleep.
    MessageState.IN_DOUBT: frozenset(
        {MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.FAILED, MessageState.DEFERRED}
    ),
    # Back to DEFERRED only by a person, who accepts that it may arrive twice.
    MessageState.ASSUMED_SENT: frozenset({MessageState.SENT, MessageState.FAILED, MessageState.DEFERRED}),
    MessageState.SENT: frozenset(),
    MessageState.FAILED: frozenset(),
    MessageState.CANCELLED: frozenset(),
}

# Sent, or counted as such after a day in doubt.
COUNTED_AS_SENT = (MessageState.SENT, MessageState.ASSUMED_SENT)


def sources(new: MessageState) -> list[MessageState]:
    """Return the states from which a message may move to `new`."""
    return [old for old, targets in MESSAGE_MOVES.items() if new in targets]
