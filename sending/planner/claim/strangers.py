"""People who were written to by what an older database does not know: met again, they are suppressed."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.models import Workspace
from sending.guard.models import Stranger
from sending.guard.queries import strangers_among
from sending.guard.services import forget


def words_about(email_key: str, stranger: Stranger) -> str:
    """Return why nobody writes to the address by themselves."""
    return (
        f"A message left for {email_key} on {stranger.written_at:%d %B %Y}, and this database does not have it: "
        "it was put back from a backup."
    )


def suppress_strangers(asked: Collection[tuple[int, str]]) -> int:
    """Suppress those of the addresses (workspace, email_key) that belong to strangers, until a person lifts it.

    Each in a transaction of its own, which holds the workspace's gate. Returns how many.
    """
    met = strangers_among(asked)
    for (workspace_id, key), stranger in met.items():
        with transaction.atomic():
            workspace = Workspace.objects.get(pk=workspace_id)
            suppress(workspace, key, SuppressionReason.LOST_HISTORY, evidence=words_about(key, stranger))
            forget(stranger)
    return len(met)
