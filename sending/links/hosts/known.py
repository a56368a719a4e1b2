"""Which hosts lead here, kept in each process: what is asked of them costs no query."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from outreach.env import env
from outreach.kit import statements

_ALL = "SELECT host, workspace_id, proven_at IS NOT NULL, points_here FROM links_tracking_domain"
_PATIENCE_S = 2.0
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Row:
    workspace_id: int
    is_proven: bool
    points_here: bool


class KnownHosts:
    """The tracking domains, as they were at most fresh_s ago.

    A host that is not among them makes it look again, at most every quiet_s: it may have come meanwhile. While the
    database does not answer, what was known holds.
    """

    def __init__(self, *, fresh_s: float = 60, quiet_s: float = 1) -> None:
        self._fresh_s, self._quiet_s = fresh_s, quiet_s
        self._rows: dict[str, _Row] = {}
        self._looked_at = float("-inf")
        self._looking = threading.Lock()

    def workspace_of(self, host: str) -> int | None:
        """Return whose proven tracking domain a host is, None for any other."""
        row = self._row(host)
        return row.workspace_id if row and row.is_proven else None

    def kept(self, host: str) -> int | None:
        """Return the same without looking: None also where that would be necessary."""
        row = self._rows.get(host)
        is_fresh = time.monotonic() - self._looked_at <= self._fresh_s
        return row.workspace_id if row and row.is_proven and is_fresh else None

    def may_be_certified(self, host: str) -> bool:
        """Say whether a certificate may be asked for: the host is somebody's tracking domain, and leads here."""
        row = self._row(host)
        return row is not None and row.points_here

    def look_again(self) -> None:
        """Read the domains at the next question."""
        self._looked_at = float("-inf")

    def _row(self, host: str) -> _Row | None:
        if not host or is_of_pages(host):
            return None
        row = self._rows.get(host)
        if time.monotonic() - self._looked_at > (self._fresh_s if row else self._quiet_s):
            self._look(patience_s=0 if row else _PATIENCE_S)
            row = self._rows.get(host)
        return row

    def _look(self, *, patience_s: float) -> None:
        """Read the domains, or wait for whoever does it just now."""
        before = self._looked_at
        if not self._looking.acquire(timeout=patience_s):
            return
        try:
            if self._looked_at == before:
                self._rows = {host: _Row(*row) for host, *row in statements.run(_ALL)}
        except (DatabaseError, InterfaceError) as error:
            _logger.warning("links.hosts_not_read", extra={"error": type(error).__name__})
        finally:
            self._looked_at = time.monotonic()
            self._looking.release()


KNOWN = KnownHosts()  # of this process


def is_of_pages(host: str) -> bool:
    """Say whether pages are reached at a host, which then is nobody's tracking domain."""
    return host == _public() or host in settings.ALLOWED_HOSTS


@cache
def _public() -> str:
    return (urlsplit(env().public_url).hostname or "").lower()
