"""The HTTP API of the room: contacts, lists, tags, imports, suppressions."""

from __future__ import annotations

from ninja import Router

from campaigns.contacts.api import dry_runs, imports, lists, people, suppressions, undoing
from campaigns.contacts.api.problems import PROBLEMS

__all__ = ["PROBLEMS", "router"]

router = Router()
for part in (people, lists, imports, dry_runs, undoing, suppressions):
    router.add_router("", part.router)
