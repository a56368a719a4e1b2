"""Who wants no more from one sender of a workspace: no campaign and no answer of that mailbox is written to them.

An enrollment keeps its mailbox, so it ends there; whoever is new may be begun by another mailbox of the campaign. See
docs/decisions/tracking.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from campaigns.contacts.models import Suppression
from campaigns.contacts.queries import refusing
from sending.mailboxes.aliases import aliases_of
from sending.planner.models import CampaignMailbox


class Refusals:
    """What some addresses (workspace, email_key) refuse, asked for at once; more only where somebody does."""

    def __init__(self, asked: Collection[tuple[int, str]]) -> None:
        self._rows = refusing(asked) if asked else {}
        self._aliases = aliases_of({pk for pk, _ in self._rows}) if self._rows else {}
        self._carriers: dict[int, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def rows(self, mailbox_id: int, key: tuple[int, str]) -> Sequence[Suppression]:
        """Return the suppressions that keep a mailbox, by any of its addresses, from an address."""
        found = self._rows.get(key, ())
        senders = set(self._aliases.get(mailbox_id, {}).values()) if found else set()
        return [row for row in found if row.sender in senders]

    def words(self, mailbox_id: int, key: tuple[int, str]) -> str:
        """Return why a mailbox must not write to an address, "" where it may."""
        return next((row.told for row in self.rows(mailbox_id, key)), "")

    def words_of_all(self, campaign_id: int, key: tuple[int, str]) -> str:
        """Return why no mailbox of a campaign may write to an address, "" where one may."""
        if key not in self._rows:
            return ""
        if campaign_id not in self._carriers:
            rows = CampaignMailbox.objects.filter(campaign=campaign_id).order_by("mailbox")
            self._carriers[campaign_id] = list(rows.values_list("mailbox", flat=True))
        told = [self.words(pk, key) for pk in self._carriers[campaign_id]]
        return told[0] if told and all(told) else ""
