"""Which user PostgreSQL runs as: it refuses uid 0, so root hands it to an existing account."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from outreach.embedded.faults import NoAccess

# Debian's own account for the server, then the account that owns nothing.
_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than root."""

    uid: int
    gid: int
    name: str

    def can_reach(self, path: Path) -> bool:
        """Tell whether this user may enter every folder above path and read path itself."""
        real = path.resolve()
        return all(self._may(folder, stat.S_IXOTH) for folder in real.parents) and self._may(real, stat.S_IROTH)

    def _may(self, path: Path, other: int) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & (other << 6))
        if found.st_gid == self.gid:
            return bool(found.st_mode & (other << 3))
        return bool(found.st_mode & other)


def account_for(home: Path) -> Account | None:
    """Return the user that runs the server whose data lie in home; None when we are an ordinary user.

    As root: the owner of home or of the nearest folder above it that is ours to use (unless that is root),
    else `postgres`, else `nobody`. No user is created. Raises NoAccess when there is none of them.
    """
    if os.geteuid() != 0:
        return None
    for folder in (home, home.parent):
        if folder.exists() and (owner := folder.stat().st_uid) != 0:
            return _by_uid(owner)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise NoAccess("PostgreSQL may not run as root and there is no user `postgres` or `nobody`: run as another user")


def _by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # a folder of a user whom this machine does not know, as in a container
        return Account(uid, uid, str(uid))
    return Account(uid, entry.pw_gid, entry.pw_name)
