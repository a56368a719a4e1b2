"""What can go wrong with a provider's file, for callers to tell apart."""

from __future__ import annotations


class PostmasterError(Exception):
    """Base of the postmaster's errors."""


class BadReport(PostmasterError, ValueError):
    """The file as a whole is no report of a provider that is known here; the words are for people."""
