"""The throttles of a claim: what already went, or is on its way, to each domain, company and provider.

Whole workspaces are counted, over all their mailboxes. A claim of a throttled workspace waits for the one before it
(an advisory lock until the commit), so that what that one has taken is seen: marked messages stand in the account book
with their domain, claimed ones in the outbox, and nothing lies between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.models import Contact
from campaigns.contacts.queries import providers_of, takers_of_any
from outreach.accounts.models import Workspace
from outreach.kit import statements
from sending.mailboxes.budgets import places_of_day
from sending.pacing import Cap, Pace
from sending.pacing.receivers import Receiver, is_free_mail, receiver_of
from sending.pacing.throttles import (
    NO_LIMITS,
    Counted,
    Rate,
    Throttle,
    ThrottleLimits,
    Touch,
    campaign_throttle,
    catch_all_places,
    catch_all_throttle,
    nth_free,
    throttles_of,
)
from sending.planner.models import Throttles

NOTHING_SET: Mapping[str, int | None] = dict.fromkeys(
    (
        "company_per_day", "domain_per_hour", "domain_per_day", "google_per_hour", "google_per_day",
        "microsoft_per_hour", "microsoft_per_day", "yahoo_per_hour", "yahoo_per_day", "other_per_hour",
        "other_per_day", "catch_all_percent",
    )
)  # fmt: skip
_SPACE = 0x7407  # our own number space among PostgreSQL's advisory locks
_LOCK = "SELECT pg_advisory_xact_lock(%s, id) FROM unnest(%s::integer[]) AS wanted(id)"  # in their order
# Prepared, and in one trip: each claim asks it. A row for each limited campaign of a workspace, one where it has none.
_SET = f"""
SELECT a.id, t.workspace_id IS NOT NULL, c.id, c.daily_limit, {", ".join(f"t.{name}" for name in NOTHING_SET)}
  FROM unnest(%s::bigint[]) AS a(id)
  LEFT JOIN planner_throttles t ON t.workspace_id = a.id
  LEFT JOIN sequences_campaign c ON c.workspace_id = a.id AND c.state = 'running' AND c.daily_limit IS NOT NULL
"""  # noqa: S608  # names of our own
_TOUCHES = """
SELECT a.workspace_id, a.domain, s.contact_id, s.spent_at
  FROM unnest(%s::bigint[], %s::varchar[], %s::timestamptz[]) AS a(workspace_id, domain, day_from)
  JOIN mailboxes_spending s ON s.workspace_id = a.workspace_id AND s.domain = a.domain AND s.spent_at > a.day_from
"""
_COUNTED = """
SELECT a.workspace_id, a.receiver, count(*) FILTER (WHERE s.spent_at > a.hour_from), count(*),
       min(s.spent_at) FILTER (WHERE s.spent_at > a.hour_from), min(s.spent_at)
  FROM unnest(%s::bigint[], %s::varchar[], %s::timestamptz[], %s::timestamptz[])
    AS a(workspace_id, receiver, hour_from, day_from)
  JOIN mailboxes_spending s ON s.workspace_id = a.workspace_id AND s.receiver = a.receiver AND s.spent_at > a.day_from
 GROUP BY a.workspace_id, a.receiver
"""
_OF_CAMPAIGNS = """
SELECT a.id, count(*), min(s.spent_at)
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, day_from)
  JOIN mailboxes_spending s ON s.campaign_id = a.id AND s.spent_at > a.day_from
 GROUP BY a.id
"""
# First messages of the rolling day to domains that take any address.
_CATCH_ALL = """
SELECT s.spent_at
  FROM contacts_domain_record r
  JOIN mailboxes_spending s ON s.workspace_id = r.workspace_id AND s.domain = r.domain AND s.spent_at > %s
 WHERE r.workspace_id = %s AND r.takes_any AND s.is_new_lead
 ORDER BY s.spent_at
"""


@dataclass(frozen=True, slots=True)
class InHand:
    """A message that a worker has claimed and not marked yet."""

    workspace_id: int
    contact_id: int
    domain: str
    campaign_id: int


class Capped(NamedTuple):
    """A running campaign with a limit of messages a day."""

    id: int
    workspace_id: int
    daily_limit: int


def limits_of(paces: Mapping[int, Pace]) -> dict[int, ThrottleLimits]:
    """Return the throttles of workspaces (id -> pace): their own or the usual; a sandbox's people share few domains."""
    return _set_limits(paces)[0]


def _set_limits(paces: Mapping[int, Pace]) -> tuple[dict[int, ThrottleLimits], list[Capped]]:
    """Return the same, and the limited campaigns of the workspaces."""
    limits = {pk: ThrottleLimits() if pace.scale == 1 else NO_LIMITS for pk, pace in paces.items()}
    capped = []
    for pk, is_set, campaign_id, daily_limit, *values in statements.run(_SET, [list(paces)]):
        if is_set:
            limits[pk] = _limits(Throttles(workspace_id=pk, **dict(zip(NOTHING_SET, values, strict=True))))
        if campaign_id is not None:
            capped.append(Capped(campaign_id, pk, daily_limit))
    return limits, capped


def throttle_values(workspace: Workspace) -> dict[str, int | None]:
    """Return the workspace's throttles by column: its own, or the usual ones."""
    row = Throttles.objects.filter(workspace=workspace).first()
    if row is None:
        row = Throttles() if workspace.time_scale == 1 else Throttles(**NOTHING_SET)
    return {name: getattr(row, name) for name in NOTHING_SET}


@dataclass(slots=True)
class CatchAll:
    """The new contacts of a workspace's rolling day at domains that take any address; `sent` is when, oldest first."""

    places: int
    sent: Sequence[datetime]
    day: timedelta
    in_hand: int = 0  # with workers, or taken by this claim
    put_off: int = 0  # people who wait for a place

    def throttle(self) -> Throttle:
        """Return the limit as it concerns one more of them, who waits behind those who were put off before."""
        used = len(self.sent) + self.in_hand
        free_at = nth_free(self.sent, self.put_off, self.day)
        self.put_off += used >= self.places
        return catch_all_throttle(Cap(self.places, used, free_at))


def catch_all_of(workspace_id: int, percent: int, *, now: datetime, day: timedelta) -> CatchAll:
    """Return what of the rolling day is used and left for new contacts at domains that take any address."""
    sent = [at for (at,) in statements.run(_CATCH_ALL, [now - day, workspace_id])]
    return CatchAll(catch_all_places(percent, places_of_day([workspace_id]).get(workspace_id, 0)), sent, day)


class Throttling:
    """The throttled workspaces of a claim, held until its commit."""

    def __init__(self, paces: Mapping[int, Pace], *, now: datetime, is_claim: bool = True) -> None:
        """Wait for other claims of the same workspaces, where they have throttles; an explanation waits for nobody.

        paces are by workspace.
        """
        found, capped = _set_limits(paces)
        self._limits = {pk: limits for pk, limits in found.items() if limits}
        self._paces = paces
        self._now = now
        self._touches: dict[tuple[int, str], list[Touch]] = defaultdict(list)
        self._counted: dict[tuple[int, Receiver], Counted] = {}
        self._loaded: set[tuple[int, str]] = set()
        self._catch_all: dict[int, CatchAll] = {}  # of workspaces that would write to somebody at such a domain
        self._in_hand: list[InHand] = []
        self._known: dict[str, str] = {}  # who receives the mail of domains, by what their exchangers have told
        self.workspaces = sorted({*self._limits, *(one.workspace_id for one in capped)})
        if self.workspaces and is_claim:
            statements.run(_LOCK, [_SPACE, self.workspaces])
        self._caps = self._counted_caps(capped)

    def take_in(self, in_hand: Iterable[InHand]) -> None:
        """Count what workers have claimed and not marked yet."""
        self._in_hand = list(in_hand)
        for one in self._in_hand:
            self._use_cap(one.campaign_id, None)

    def load(self, contacts: Iterable[Contact]) -> None:
        """Count what went to the domains and providers of contacts: a few queries, however many contacts."""
        contacts = list(contacts)
        keys = {(one.workspace_id, one.domain) for one in contacts if one.workspace_id in self._limits} - self._loaded
        if any(self._limits[pk].receivers for pk, _ in keys):
            self._known |= providers_of({domain for _, domain in keys} | {one.domain for one in self._in_hand})
        for contact in contacts:
            if contact.verdict == AddressVerdict.CATCH_ALL and contact.workspace_id in self._limits:
                self._load_catch_all(contact.workspace_id)
        self._load_domains(sorted(key for key in keys if not is_free_mail(key[1])))
        wanted = {(pk, self._receiver(domain)) for pk, domain in keys} - set(self._counted)
        self._load_receivers([key for key in sorted(wanted) if self._limits[key[0]].receivers.get(key[1])])
        self._loaded |= keys

    def of_campaign(self, campaign_id: int) -> tuple[Throttle, ...]:
        """Return the campaign's limit of messages a day, if it has one."""
        cap = self._caps.get(campaign_id)
        return () if cap is None else (campaign_throttle(cap),)

    def of(self, contact: Contact, campaign_id: int, *, is_first: bool = False) -> tuple[Throttle, ...]:
        """Return the limits that concern a message of the campaign to the contact, who was loaded before.

        is_first: it would be their first of the campaign, and claimed for the first time.
        """
        limits = self._limits.get(contact.workspace_id)
        of_all = self.of_campaign(campaign_id)
        if limits is None:
            return of_all
        if catch_all := self._catch_all_of(contact, is_first=is_first):
            of_all = (*of_all, catch_all.throttle())
        return of_all + throttles_of(
            limits,
            contact.pk,
            contact.domain,
            self._touches[contact.workspace_id, contact.domain],
            self._counted.get((contact.workspace_id, self._receiver(contact.domain)), Counted()),
            now=self._now,
            pace=self._paces[contact.workspace_id],
            known=self._known.get(contact.domain, ""),
        )

    def add(self, contact: Contact, campaign_id: int, *, is_first: bool = False) -> None:
        """Count one more, which this claim takes."""
        self._use_cap(campaign_id, self._now + self._paces[contact.workspace_id].day)
        if catch_all := self._catch_all_of(contact, is_first=is_first):
            catch_all.in_hand += 1
        if contact.workspace_id in self._limits:
            self._touches[contact.workspace_id, contact.domain].append(Touch(contact.pk, None))
            key = contact.workspace_id, self._receiver(contact.domain)
            self._counted[key] = self._counted.get(key, Counted()).one_more()

    def _receiver(self, domain: str) -> Receiver:
        return receiver_of(domain, known=self._known.get(domain, ""))

    def _counted_caps(self, capped: Sequence[Capped]) -> dict[int, Cap]:
        if not capped:
            return {}
        days = {one.id: self._paces[one.workspace_id].day for one in capped}
        rows = statements.run(_OF_CAMPAIGNS, [list(days), [self._now - day for day in days.values()]])
        counts = {pk: (used, oldest + days[pk]) for pk, used, oldest in rows}
        return {one.id: Cap(one.daily_limit, *counts.get(one.id, (0, None))) for one in capped}

    def _use_cap(self, campaign_id: int, free_at: datetime | None) -> None:
        cap = self._caps.get(campaign_id)
        if cap is not None:
            self._caps[campaign_id] = Cap(cap.limit, cap.used + 1, cap.free_at or free_at)

    def _catch_all_of(self, contact: Contact, *, is_first: bool) -> CatchAll | None:
        """Return what a message to the contact counts among; None for a follow-up, and where addresses are known."""
        is_one = is_first and contact.verdict == AddressVerdict.CATCH_ALL
        return self._catch_all.get(contact.workspace_id) if is_one else None

    def _load_catch_all(self, workspace_id: int) -> None:
        """Count the new contacts of the day at domains that take any address; what workers have in hand counts, too."""
        percent = self._limits[workspace_id].catch_all_percent
        if percent is None or workspace_id in self._catch_all:
            return
        found = catch_all_of(workspace_id, percent, now=self._now, day=self._paces[workspace_id].day)
        in_hand = [one.domain for one in self._in_hand if one.workspace_id == workspace_id]
        takers = takers_of_any(workspace_id, in_hand)
        found.in_hand = sum(domain in takers for domain in in_hand)
        self._catch_all[workspace_id] = found

    def _load_domains(self, keys: Collection[tuple[int, str]]) -> None:
        if not keys:
            return
        ids, domains = [pk for pk, _ in keys], [domain for _, domain in keys]
        since = [self._now - self._paces[pk].day for pk in ids]
        for pk, domain, contact_id, at in statements.run(_TOUCHES, [ids, domains, since]):
            self._touches[pk, domain].append(Touch(contact_id or 0, at))
        asked = set(keys)
        for one in self._in_hand:
            if (one.workspace_id, one.domain) in asked:
                self._touches[one.workspace_id, one.domain].append(Touch(one.contact_id, None))

    def _load_receivers(self, keys: Collection[tuple[int, Receiver]]) -> None:
        if not keys:
            return
        ids = [pk for pk, _ in keys]
        paces = [self._paces[pk] for pk in ids]
        values = [
            ids, [receiver.value for _, receiver in keys], [self._now - pace.hour for pace in paces],
            [self._now - pace.day for pace in paces],
        ]  # fmt: skip
        for pk, receiver, hour, day, hour_oldest, oldest in statements.run(_COUNTED, values):
            pace = self._paces[pk]
            frees = hour_oldest and hour_oldest + pace.hour
            self._counted[pk, Receiver(receiver)] = Counted(hour, day, frees, oldest + pace.day)
        asked = set(keys)
        for one in self._in_hand:
            key = one.workspace_id, self._receiver(one.domain)
            if key in asked:
                self._counted[key] = self._counted.get(key, Counted()).one_more()


def _limits(row: Throttles) -> ThrottleLimits:
    receivers = {
        Receiver.GOOGLE: Rate(row.google_per_hour, row.google_per_day),
        Receiver.MICROSOFT: Rate(row.microsoft_per_hour, row.microsoft_per_day),
        Receiver.YAHOO: Rate(row.yahoo_per_hour, row.yahoo_per_day),
        Receiver.OTHER: Rate(row.other_per_hour, row.other_per_day),
    }
    return ThrottleLimits(
        domain=Rate(row.domain_per_hour, row.domain_per_day),
        company_per_day=row.company_per_day,
        catch_all_percent=row.catch_all_percent,
        receivers={receiver: rate for receiver, rate in receivers.items() if rate},
    )
