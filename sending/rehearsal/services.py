"""Start rehearsals, call them off, have them played and write down what they tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, QuerySet

from campaigns.contacts.services.locks import running, running_imports
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import clock, statements
from outreach.kit.hints import hint_at
from sending.mailboxes.budgets import database_now
from sending.outbox.states import AttemptOutcome
from sending.rehearsal.errors import NotPossible, RehearsalError, TookTooLong
from sending.rehearsal.mails import shortened
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson
from sending.rehearsal.performance import Orders
from sending.rehearsal.process import played
from sending.rehearsal.queries import obstacle_of
from sending.rehearsal.script import Script
from sending.rehearsal.states import UNFINISHED, RehearsalState, sources
from sending.rehearsal.telling import Arrival, Fault, Message, Moment, Report, Standing, Told
from sending.sandbox.behaviour import Behaviour

ATTEMPTS = 3
KEPT = 5  # of a campaign
KEPT_FOR = timedelta(days=30)
_SPACE = 0x6A90  # of PostgreSQL's advisory locks: who has a rehearsal played
WORKSPACES = 0x6A91  # and in which workspace: also one that was called off a moment ago
_HINT_LOST = timedelta(seconds=30)
_WRITE_EVERY_S = 0.5
_MOST_AT_ONCE = 500
_WHOLE_BYTES = 200_000_000  # of mails; further ones are shortened
_GAVE_UP = f"The worker ended {ATTEMPTS} times while this was played; the server's log says why."
_TOO_LONG = "It did not come to its end in time; a smaller audience or fewer days may."
_BROKE = "The rehearsal was broken off by a fault on our side; the server's log says why."
# An erasure writes the row, and waits for a shared lock.
_STILL_HERE = """
SELECT id FROM contacts_contact WHERE id = ANY(%s::bigint[]) AND erased_at IS NULL ORDER BY id FOR SHARE
"""
logger = logging.getLogger(__name__)


class _Overtaken(Exception):  # no error: somebody called it off
    """The rehearsal is no longer ours to go on with."""


def start_rehearsal(  # noqa: PLR0913  # what a person asks for
    member: Member, campaign: Campaign, *, days: int, seed: int, shares: Mapping[Behaviour, int], hint: bool = True
) -> Rehearsal:
    """Queue a rehearsal; the oldest of the campaign beyond KEPT are forgotten. Raises NotPossible."""
    obstacle = obstacle_of(campaign)
    if obstacle:
        raise NotPossible(obstacle)
    try:
        with transaction.atomic():
            row = Rehearsal.objects.create(
                workspace=member.workspace,
                campaign=campaign,
                asked_by=member.user,
                days=days,
                seed=seed,
                shares={kind.value: share for kind, share in shares.items() if share},
            )
            kept = Rehearsal.objects.filter(campaign=campaign).order_by("-pk").values("pk")[:KEPT]
            Rehearsal.objects.filter(campaign=campaign).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
            if hint:
                transaction.on_commit(lambda: _hint(row.pk))
    except IntegrityError as error:
        raise NotPossible("Another rehearsal of this workspace is being played: one at a time.") from error
    return row


def cancel(row: Rehearsal) -> bool:
    """Call a rehearsal off; what had happened by then is kept. False when it was over."""
    return _end(Rehearsal.objects.filter(pk=row.pk), RehearsalState.CANCELLED)


def run_rehearsal(rehearsal_id: int) -> None:
    """Have a queued rehearsal played to its end. Returns at once when it is not queued, or another worker has it.

    Must not be called inside a transaction.
    """
    workspace_id = Rehearsal.objects.filter(pk=rehearsal_id).values_list("workspace", flat=True).first()
    if workspace_id is None:
        return
    with running(workspace_id, WORKSPACES) as is_free, running(rehearsal_id, _SPACE) as is_ours:
        if not (is_free and is_ours):
            return  # whoever plays there hints the next one
        _run(rehearsal_id)
    for pk in Rehearsal.objects.filter(workspace=workspace_id, state=RehearsalState.QUEUED).values_list(
        "pk", flat=True
    ):
        _hint(pk)


def _run(rehearsal_id: int) -> None:
    begins_at = database_now().replace(second=0, microsecond=0)
    taken = Rehearsal.objects.filter(pk=rehearsal_id, state__in=sources(RehearsalState.RUNNING)).update(
        state=RehearsalState.RUNNING,
        attempts=F("attempts") + 1,
        started_at=clock.now(),
        begins_at=begins_at,
        now_at=begins_at,
        messages=0,
        arrivals=0,
    )
    row = Rehearsal.objects.filter(pk=rehearsal_id).first()
    if not taken or row is None:
        return
    _forget_parts(row)
    try:
        with played(_orders(row)) as told:
            _write_down(row, told)
    except _Overtaken:
        return
    except TookTooLong:
        logger.warning("rehearsal.too_long", extra={"rehearsal_id": row.pk})
        _end(_ours(row), RehearsalState.FAILED, problem=_TOO_LONG)
    except (RehearsalError, ValueError, DatabaseError, OSError):
        logger.exception("rehearsal.broke", extra={"rehearsal_id": row.pk})
        _end(_ours(row), RehearsalState.FAILED, problem=_BROKE)


def sweep_rehearsals() -> None:
    """Queue again what lost its worker, fail what lost three, hint what waits, forget what is old."""
    now = clock.now()
    lost = list(Rehearsal.objects.filter(state=RehearsalState.RUNNING))
    alive = running_imports(_SPACE) if lost else frozenset()
    for row in lost:
        if row.pk in alive:
            continue
        if row.attempts < ATTEMPTS:
            logger.warning("rehearsal.worker_lost", extra={"rehearsal_id": row.pk, "attempts": row.attempts})
            _ours(row).update(state=RehearsalState.QUEUED, queued_at=now)
            _hint(row.pk)
        else:
            _end(_ours(row), RehearsalState.FAILED, problem=_GAVE_UP)
    waiting = Rehearsal.objects.filter(state=RehearsalState.QUEUED, queued_at__lt=now - _HINT_LOST)
    for pk in waiting.values_list("pk", flat=True):
        _hint(pk)
    Rehearsal.objects.exclude(state__in=UNFINISHED).filter(finished_at__lt=now - KEPT_FOR).delete()


def _orders(row: Rehearsal) -> Orders:
    assert row.begins_at is not None
    shares = {Behaviour(name): share for name, share in row.shares.items()}
    until = row.begins_at + timedelta(days=row.days)
    return Orders(row.campaign_id, row.begins_at, until, Script(row.seed, shares))


def _write_down(row: Rehearsal, told: Iterable[Told | None]) -> None:
    """Write down what is told, twice a second, also while nothing is. Raises _Overtaken once it was called off."""
    book = _Book(row)
    for one in told:
        book.add(one)
        if isinstance(one, Report):
            book.close(one)
            return
        if isinstance(one, Fault):
            _end(_ours(row), RehearsalState.FAILED, problem=one.words[:500])
            return
    raise RehearsalError("a rehearsal without a report")


class _Book:
    """What is told and not written down yet."""

    def __init__(self, row: Rehearsal) -> None:
        self._row = row
        self._parts: list[Message | Arrival | Standing] = []
        self._now_at: datetime | None = None
        self._messages = self._arrivals = 0
        self._bytes = self._shortened = 0
        self._known: dict[str, int] = {}  # taken messages by their Message-ID
        self._written_at = time.monotonic()

    def add(self, one: Told | None) -> None:
        """Take a thing that was told, or note that nothing was; write when it is time."""
        match one:
            case Moment():
                self._now_at = one.at
            case Message() | Arrival() | Standing():
                self._parts.append(one)
            case Report() | Fault():
                return
        if len(self._parts) >= _MOST_AT_ONCE or time.monotonic() - self._written_at > _WRITE_EVERY_S:
            self.write()

    def close(self, report: Report) -> None:
        """Write what is left, and the report."""
        self._now_at = report.ended_at
        self.write()
        ended = {name: getattr(report, name) for name in Report.__slots__ if name != "ended_at"}
        ended["shortened"] = self._shortened
        with transaction.atomic():
            there = _still_here(pk for one in report.checks for pk in one["examples"])
            ended["checks"] = [
                {**one, "examples": [pk for pk in one["examples"] if pk in there]} for one in report.checks
            ]
            if not _end(_ours(self._row), RehearsalState.DONE, report=ended):
                raise _Overtaken

    def write(self) -> None:
        parts, self._parts, self._written_at = self._parts, [], time.monotonic()
        with transaction.atomic():
            messages = self._write_messages([one for one in parts if isinstance(one, Message)])
            arrivals = self._write_arrivals([one for one in parts if isinstance(one, Arrival)])
            self._write_people([one for one in parts if isinstance(one, Standing)])
            news = {"now_at": self._now_at} if self._now_at else {}
            kept = _ours(self._row).update(messages=F("messages") + messages, arrivals=F("arrivals") + arrivals, **news)
            if not kept:
                raise _Overtaken

    def _bound(self, raw: bytes) -> bytes:
        """Return the bytes of a mail as they are kept."""
        if self._bytes + len(raw) > _WHOLE_BYTES:
            self._shortened += 1
            raw = shortened(raw)
        self._bytes += len(raw)
        return raw

    def _write_messages(self, told: list[Message]) -> int:
        there = _still_here(one.contact_id for one in told)
        rows = [
            RehearsedMessage(
                rehearsal=self._row,
                contact_id=one.contact_id,
                recipient=one.recipient,
                mailbox=one.mailbox,
                position=one.position,
                label=one.label,
                at=one.at,
                outcome=one.outcome,
                words=one.words,
                subject=one.subject,
                message_id=one.message_id,
                raw=self._bound(one.raw),
            )
            for one in told
            if one.contact_id in there
        ]
        taken = [one for one in RehearsedMessage.objects.bulk_create(rows) if one.outcome == AttemptOutcome.ACCEPTED]
        self._known |= {one.message_id: one.pk for one in taken}
        return len(taken)

    def _write_arrivals(self, told: list[Arrival]) -> int:
        ids = [self._known[one.answers] for one in told if one.answers in self._known]
        # An erasure may have taken the message meanwhile, and waits for this lock from here on.
        held = RehearsedMessage.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        there = set(held.values_list("pk", flat=True))
        rows = [
            RehearsedArrival(
                message_id=self._known[one.answers],
                at=one.at,
                part=one.part,
                kind=one.kind,
                subject=one.subject,
                raw=self._bound(one.raw),
            )
            for one in told
            if self._known.get(one.answers) in there
        ]
        return len(RehearsedArrival.objects.bulk_create(rows))

    def _write_people(self, told: list[Standing]) -> None:
        there = _still_here(one.contact_id for one in told)
        RehearsedPerson.objects.bulk_create(
            RehearsedPerson(
                rehearsal=self._row,
                contact_id=one.contact_id,
                email=one.email,
                state=one.state,
                reason=one.reason,
                words=one.words[:300],
                messages=one.messages,
                last_at=one.last_at,
                next_at=one.next_at,
            )
            for one in told
            if one.contact_id in there
        )


def _still_here(contact_ids: Iterable[int]) -> set[int]:
    """Return who was neither deleted nor erased meanwhile, and cannot be before the caller's transaction ends."""
    return {pk for (pk,) in statements.run(_STILL_HERE, [sorted(set(contact_ids))])}


def _forget_parts(row: Rehearsal) -> None:
    """Forget what an earlier attempt has told: it begins anew."""
    RehearsedMessage.objects.filter(rehearsal=row).delete()
    RehearsedPerson.objects.filter(rehearsal=row).delete()


def _ours(row: Rehearsal) -> QuerySet[Rehearsal]:
    return Rehearsal.objects.filter(pk=row.pk, state=RehearsalState.RUNNING, attempts=row.attempts)


def _end(rows: QuerySet[Rehearsal], state: RehearsalState, **fields: object) -> bool:
    ended = rows.filter(state__in=sources(state)).update(state=state, finished_at=clock.now(), **fields)
    return bool(ended)


def _hint(rehearsal_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the rehearsal when Redis is away."""
    hint_at("rehearsal.run", rehearsal_id, "rehearsal")
