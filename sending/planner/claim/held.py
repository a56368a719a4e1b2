"""What an answer or a person holds: an address, a company, the way of one mailbox to one provider."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.contacts.queries import SOMEBODY_REFUSES, providers_of
from campaigns.contacts.states import SuppressionScope
from outreach.kit import statements
from sending.mailboxes.cooling import Cooling, side_of
from sending.pacing import Hold, HoldCode
from sending.planner.claim.refusals import Refusals
from sending.planner.states import PauseScope

_LOOK = timedelta(hours=1)  # at what only a person ends
_CODES = {PauseScope.ADDRESS: HoldCode.ADDRESS_HELD, PauseScope.COMPANY: HoldCode.COMPANY_PAUSED}
# Prepared: each claim asks it.
_PAUSED = f"""
SELECT p.workspace_id, p.value, p.scope, p.until, p.words
  FROM unnest(%s::bigint[], %s::varchar[]) AS a(workspace_id, value)
  JOIN planner_pause p ON p.workspace_id = a.workspace_id AND p.value = a.value
 WHERE p.until IS NULL OR p.until > %s
 UNION ALL
SELECT w.id, '', 'sender', NULL, ''
  FROM unnest(%s::bigint[]) AS w(id)
 WHERE {SOMEBODY_REFUSES.format(workspace="w.id")}
"""  # noqa: S608  # our own words
_REFUSED = SuppressionScope.SENDER.value


class Addressee(Protocol):
    """Whom a message would go to: a contact, or what a forecast knows of one."""

    @property
    def workspace_id(self) -> int: ...
    @property
    def email_key(self) -> str: ...
    @property
    def domain(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Written:
    """The address that stands in a message: its contact may have another one by now."""

    workspace_id: int
    email_key: str

    @property
    def domain(self) -> str:
        """Return the domain, as contacts have it."""
        return self.email_key.rpartition("@")[2]


class Held:
    """What holds some people, asked for at once; nothing holds most."""

    def __init__(
        self, cooling: Mapping[int, Sequence[Cooling]], addressees: Iterable[Addressee], *, now: datetime
    ) -> None:
        """cooling: what the mailboxes in question leave alone (mailboxes.cooling.cooling_of)."""
        people = list(addressees)
        self._now = now
        self._cooling = cooling
        self._known = providers_of({one.domain for one in people}) if cooling else {}
        self._paused: dict[tuple[int, str], list[Hold]] = {}
        self._endless: dict[tuple[int, str], HoldCode] = {}  # no clock ends these
        self._refusals = Refusals(())
        if people:
            self._load(people)

    def of(self, mailbox_id: int | None, one: Addressee, *, first: Cooling | None = None) -> tuple[Hold, ...]:
        """Return what holds a message of the mailbox (None: of whichever) to somebody.

        first: what ends first, where all mailboxes that could write leave them alone.
        """
        if not (self._paused or self._cooling or self._refusals):
            return ()
        found = [hold for key in _keys(one) for hold in self._paused.get(key, ())]
        cooling = self._cooling.get(mailbox_id, ()) if mailbox_id is not None else ()
        side = self.side_of(one) if cooling else ""
        left_alone = [first or alone for alone in cooling if alone.side == side]
        found += [Hold(HoldCode.COOLDOWN, alone.told[:300], alone.until) for alone in left_alone]
        if mailbox_id is not None and (words := self._refusals.words(mailbox_id, _key(one))):
            found.append(Hold(HoldCode.ADDRESS_HELD, words, self._now + _LOOK))
        return tuple(found)

    def refused(self, campaign_id: int, mailbox_id: int | None, one: Addressee) -> str:
        """Return why a campaign never writes to somebody, "" where it may: they refuse the mailbox that theirs is.

        mailbox_id: None of whoever has none yet; they refuse each mailbox of the campaign then.
        """
        if not self._refusals:
            return ""
        if mailbox_id is not None:
            return self._refusals.words(mailbox_id, _key(one))
        return self._refusals.words_of_all(campaign_id, _key(one))

    def side_of(self, one: Addressee) -> str:
        """Return what a mailbox would leave alone with somebody; asked where some mailbox leaves anything alone."""
        return side_of(one.domain, known=self._known.get(one.domain, ""))

    def endless(self, one: Addressee) -> HoldCode | None:
        """Return what holds somebody until a person ends it, if anything does."""
        return next((self._endless[key] for key in _keys(one) if key in self._endless), None)

    def _load(self, people: Collection[Addressee]) -> None:
        asked = sorted({key for one in people for key in _keys(one)})
        workspaces = sorted({pk for pk, _ in asked})
        values = [[pk for pk, _ in asked], [value for _, value in asked], self._now, workspaces]
        refused = set()
        for pk, value, scope, until, words in statements.run(_PAUSED, values):
            if scope == _REFUSED:
                refused.add(pk)
                continue
            hold = Hold(_CODES[PauseScope(scope)], words, until or self._now + _LOOK)
            self._paused.setdefault((pk, value), []).append(hold)
            if until is None:
                self._endless[pk, value] = hold.code
        if refused:
            self._refusals = Refusals({_key(one) for one in people if one.workspace_id in refused})


def _key(one: Addressee) -> tuple[int, str]:
    return one.workspace_id, one.email_key


def _keys(one: Addressee) -> tuple[tuple[int, str], tuple[int, str]]:
    return (one.workspace_id, one.email_key), (one.workspace_id, one.domain)
