"""What an answer or a person holds: an address, a company, the way of one mailbox to one provider."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import providers_of
from outreach.kit import statements
from sending.mailboxes.cooling import cooling_of, name_of, side_of
from sending.pacing import Hold, HoldCode
from sending.planner.states import PauseScope

_LOOK = timedelta(hours=1)  # at what only a person ends
_CODES = {PauseScope.ADDRESS: HoldCode.ADDRESS_HELD, PauseScope.COMPANY: HoldCode.COMPANY_PAUSED}
# Prepared: each claim asks it.
_PAUSED = """
SELECT p.workspace_id, p.value, p.scope, p.until, p.words
  FROM unnest(%s::bigint[], %s::varchar[]) AS a(workspace_id, value)
  JOIN planner_pause p ON p.workspace_id = a.workspace_id AND p.value = a.value
 WHERE p.until IS NULL OR p.until > %s
"""


class Held:
    """What holds some people, asked for at once; nothing holds most."""

    def __init__(self, mailbox_ids: Collection[int], contacts: Iterable[Contact], *, now: datetime) -> None:
        people = list(contacts)
        self._now = now
        self._cooling = cooling_of(mailbox_ids, now=now) if people else {}
        self._known = providers_of({one.domain for one in people}) if self._cooling else {}
        self._paused: dict[tuple[int, str], list[Hold]] = {}
        if people:
            self._load(people)

    def of(self, mailbox_id: int, contact: Contact) -> tuple[Hold, ...]:
        """Return what holds a message of the mailbox to the contact."""
        if not (self._paused or self._cooling):
            return ()
        workspace_id = contact.workspace_id
        found = [
            *self._paused.get((workspace_id, contact.email_key), ()),
            *self._paused.get((workspace_id, contact.domain), ()),
        ]
        cooling = self._cooling.get(mailbox_id, ())
        side = side_of(contact.domain, known=self._known.get(contact.domain, "")) if cooling else ""
        for one in cooling:
            if one.side == side:
                words = f"{name_of(side)} distrusts the mailbox, which leaves it alone for a while: {one.words}"
                found.append(Hold(HoldCode.COOLDOWN, words[:300], one.until))
        return tuple(found)

    def _load(self, people: Collection[Contact]) -> None:
        keys = {(one.workspace_id, value) for one in people for value in (one.email_key, one.domain)}
        asked = sorted(keys)
        values = [[pk for pk, _ in asked], [value for _, value in asked], self._now]
        for pk, value, scope, until, words in statements.run(_PAUSED, values):
            hold = Hold(_CODES[PauseScope(scope)], words, until or self._now + _LOOK)
            self._paused.setdefault((pk, value), []).append(hold)
