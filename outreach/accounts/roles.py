"""The four roles of a workspace, from most to least."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"  # everything, also who else is an owner
    ADMIN = "admin"  # mailboxes, limits, compliance, members below owner
    MEMBER = "member"  # contacts, campaigns, inbox
    VIEWER = "viewer"  # reads, changes nothing

    def reaches(self, needed: Role) -> bool:
        """Say whether this role may do what asks for `needed`."""
        return _RANK[self] >= _RANK[needed]

    @property
    def article(self) -> str:
        """The role in a sentence: "an owner", "a viewer"."""
        return f"{'an' if self[0] in 'ao' else 'a'} {self.value}"

    @property
    def meaning(self) -> str:
        """What a person with this role may do, in words for a page."""
        return _MEANINGS[self]


_RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}
_MEANINGS = {
    Role.OWNER: "Everything, also making and removing owners.",
    Role.ADMIN: "Mailboxes, limits, workspace settings and members.",
    Role.MEMBER: "Contacts, campaigns and the inbox.",
    Role.VIEWER: "Reads everything, changes nothing.",
}
