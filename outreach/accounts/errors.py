"""What can be refused in accounts; each text is written for the person who asked."""

from __future__ import annotations


class AccountsError(Exception):
    """Base of the accounts' errors."""


class AddressTaken(AccountsError, ValueError):
    """Somebody has an account with this address."""


class SignUpClosed(AccountsError, PermissionError):
    """This instance has its owner and takes no further sign-ups."""


class LastOwner(AccountsError, ValueError):
    """A workspace keeps at least one owner."""


class NotAllowed(AccountsError, PermissionError):
    """The actor's role is too small for this change of members."""


class MemberGone(AccountsError, LookupError):
    """Somebody else has removed the member meanwhile."""
