"""What can go wrong with a campaign, for callers to tell apart."""

from __future__ import annotations


class SequenceError(Exception):
    """Base of the sequences' errors."""


class IllegalMove(SequenceError, RuntimeError):
    """The move is not allowed from the campaign's state, or somebody else moved it first."""
