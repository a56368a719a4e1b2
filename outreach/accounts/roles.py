"""The four roles of a workspace, from most to least."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"  # everything, also members and deletion of the workspace
    ADMIN = "admin"  # mailboxes, limits, compliance, members below owner
    MEMBER = "member"  # contacts, campaigns, inbox
    VIEWER = "viewer"  # reads, changes nothing

    def reaches(self, needed: Role) -> bool:
        """Say whether this role may do what asks for `needed`."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}
