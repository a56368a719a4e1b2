"""The throttles of a simulation: what went to each domain and provider, for those people whom a throttle can hold."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime

from sending.pacing.caps import Cap
from sending.pacing.receivers import Receiver, receiver_of
from sending.pacing.scenario import Scenario
from sending.pacing.throttles import (
    Counted,
    Throttle,
    Touch,
    catch_all_throttle,
    counted_of,
    nth_free,
    throttle_gates,
    throttles_of,
)
from sending.pacing.verdicts import Hold, decide


class Sides:
    """The recipients' sides: domains that several people share, and providers that have a limit."""

    def __init__(self, scenario: Scenario) -> None:
        self._limits, self._pace = scenario.throttles, scenario.pace
        self._of = {one.id: (one.contact_id, one.domain) for one in scenario.people if one.domain}
        self._known = scenario.known
        self._places = scenario.catch_all_places
        self._anybodys = {one.id for one in scenario.people if one.is_anybodys and one.mailbox_id is None}
        self._at_anybodys = deque(scenario.catch_all_sent)
        self._put_off_at, self._put_off = scenario.now, 0  # how many of them were put off at that instant
        self._touches: dict[str, list[Touch]] = defaultdict(list)
        self._received: dict[Receiver, deque[datetime]] = defaultdict(deque)
        for one in scenario.touches:
            self._enter(one.contact_id, one.domain, one.at)

    def hold(self, person_id: int, now: datetime) -> Hold | None:
        """Return what holds the person alone at `now`; None for all whom no throttle concerns."""
        found = [*self._of_domain(person_id, now), *self._of_anybodys(person_id, now)]
        verdict = decide(throttle_gates(found, now=now, pace=self._pace)) if found else None
        return verdict if isinstance(verdict, Hold) else None

    def _of_domain(self, person_id: int, now: datetime) -> tuple[Throttle, ...]:
        if person_id not in self._of:
            return ()
        contact_id, domain = self._of[person_id]
        since = now - self._pace.day
        touches = [one for one in self._touches[domain] if one.at is not None and one.at > since]
        self._touches[domain] = touches
        counted = self._counted(self._receiver(domain), now)
        known = self._known.get(domain, "")
        return throttles_of(self._limits, contact_id, domain, touches, counted, now=now, pace=self._pace, known=known)

    def _of_anybodys(self, person_id: int, now: datetime) -> tuple[Throttle, ...]:
        """Return the limit of new contacts at domains that take any address, where the person is one."""
        if self._places is None or person_id not in self._anybodys:
            return ()
        sent = self._at_anybodys
        while sent and sent[0] <= now - self._pace.day:
            sent.popleft()
        if now != self._put_off_at:
            self._put_off_at, self._put_off = now, 0
        free_at = nth_free(sent, self._put_off, self._pace.day)
        self._put_off += len(sent) >= self._places
        return (catch_all_throttle(Cap(self._places, len(sent), free_at)),)

    def add(self, person_id: int, now: datetime) -> None:
        """Count a message to the person; who was written to is no new contact any more."""
        if person_id in self._anybodys:
            self._anybodys.discard(person_id)
            self._at_anybodys.append(now)
        if person_id in self._of:
            self._enter(*self._of[person_id], now)

    def _enter(self, contact_id: int, domain: str, at: datetime) -> None:
        self._touches[domain].append(Touch(contact_id, at))
        self._received[self._receiver(domain)].append(at)

    def _receiver(self, domain: str) -> Receiver:
        return receiver_of(domain, known=self._known.get(domain, ""))

    def _counted(self, receiver: Receiver, now: datetime) -> Counted:
        if not self._limits.receivers.get(receiver):
            return Counted()
        instants = self._received[receiver]
        while instants and instants[0] <= now - self._pace.day:
            instants.popleft()
        return counted_of(instants, now=now, pace=self._pace)
