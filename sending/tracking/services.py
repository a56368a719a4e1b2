"""Judge the hits whose burst is over, tell of the first of each kind, and forget what names a network."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from outreach.kit import clock, statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.tracking.judging import AROUND, Request, judge
from sending.tracking.models import Hit
from sending.tracking.states import HitKind, Judgement

# So long after a hit whatever a rule looks for around it has come, and was carried here (every two seconds).
SETTLED = AROUND + timedelta(seconds=10)
FORGOTTEN = timedelta(days=30)
_NOT_TAKEN = (MessageState.CLAIMED, MessageState.DEFERRED, MessageState.FAILED, MessageState.CANCELLED)
_LOCK = 0x7A11  # of PostgreSQL's advisory locks: one judge at a time, so that the first of a kind is told once
KINDS = {
    (HitKind.CLICK, Judgement.PERSON): EventKind.CLICKED,
    (HitKind.CLICK, Judgement.MACHINE): EventKind.CLICK_MACHINE,
    (HitKind.CLICK, Judgement.UNKNOWN): EventKind.CLICK_UNKNOWN,
    (HitKind.OPEN, Judgement.PERSON): EventKind.OPENED,
    (HitKind.OPEN, Judgement.MACHINE): EventKind.OPEN_MACHINE,
    (HitKind.OPEN, Judgement.UNKNOWN): EventKind.OPEN_UNKNOWN,
}
_OF_ALL = 5_000  # hits of a round, the oldest first
# Whoever has one address of ours can ask for it often: so many hits before and behind one are looked at beside it.
_NEAREST = 100
_DUE = """
SELECT h.message_id, min(h.at), max(h.at), count(*)
  FROM (SELECT message_id, at FROM tracking_hit WHERE judgement = '' AND at <= %s ORDER BY at LIMIT %s) h
 GROUP BY h.message_id
"""
# Of each message those that are to be judged, and some before and behind them.
_AROUND = """
SELECT h.*
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[]) AS m(id, first, last, count)
 CROSS JOIN (SELECT %s::interval AS near, %s::integer AS most) a
 CROSS JOIN LATERAL (
    (SELECT * FROM tracking_hit WHERE message_id = m.id AND at < m.first AND at >= m.first - a.near
      ORDER BY at DESC, id DESC LIMIT a.most)
     UNION ALL
    (SELECT * FROM tracking_hit WHERE message_id = m.id AND at >= m.first AND at <= m.last + a.near
      ORDER BY at, id LIMIT m.count + a.most)
 ) h
 ORDER BY h.at, h.id
"""
_GONE = """
DELETE FROM tracking_hit h WHERE NOT EXISTS (SELECT FROM outbox_message m WHERE m.id = h.message_id)
"""
_KEEP = """
UPDATE tracking_hit h SET judgement = j.judgement, signs = j.signs::jsonb
  FROM unnest(%s::uuid[], %s::varchar[], %s::text[]) AS j(id, judgement, signs)
 WHERE h.id = j.id AND h.judgement = ''
"""


class _Due(NamedTuple):
    """The hits of a message that are to be judged now: the instants of the first and the last, and their number."""

    message_id: int
    first: datetime
    last: datetime
    hits: int


def judge_due(*, now: datetime | None = None, waiting_since: datetime | None = None) -> int:
    """Judge one round of hits whose burst is over; returns how many. Safe to run anywhere, any number at once.

    waiting_since: when the oldest of those hits came that are not written down yet.
    """
    until = (now or clock.now()) - SETTLED
    if waiting_since is not None:
        until = min(until, waiting_since - SETTLED)  # nor is the burst over to which one of these may belong
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        due = [_Due(*row) for row in statements.run(_DUE, [until, _OF_ALL])]
        if not due:
            return 0
        messages = OutboundMessage.objects.only(
            *("workspace_id", "campaign_id", "contact_id", "enrollment_id", "mailbox_id"),
            *("state", "dot_at", "sent_at", "again_at"),
        ).in_bulk([one.message_id for one in due])
        around = _around(due)
        judged: list[Hit] = []
        for one in due:
            message = messages.get(one.message_id)
            delivered_at = _delivered_at(message, now or clock.now()) if message else None
            judged += _judged(around[one.message_id], one.last, delivered_at)
        _keep(judged)
        record(_firsts(judged, messages))
    return len(judged)


def forget(*, now: datetime) -> int:
    """Forget networks and programs of hits of a month ago; who it was stays, with the signs.

    Hits whose message is gone, as with its campaign, go as a whole.
    """
    statements.run(_GONE)
    return Hit.objects.filter(~Q(agent="", network=""), at__lt=now - FORGOTTEN).update(agent="", network="", hint="")


def _around(due: Sequence[_Due]) -> dict[int, list[Hit]]:
    """Return, of each message, its hits that are to be judged with those near them, in order."""
    found: defaultdict[int, list[Hit]] = defaultdict(list)
    columns = [list(column) for column in zip(*due, strict=True)]
    for hit in Hit.objects.raw(_AROUND, [*columns, AROUND, _NEAREST]):
        found[hit.message_id].append(hit)
    return found


def _delivered_at(message: OutboundMessage, now: datetime) -> datetime | None:
    """Return the instant before which nobody can have got a message; None where that is not known.

    A server that puts a message off (greylisting, 451) may have read it whole, and its gateway looked at the links.
    """
    if message.again_at is not None:
        return None  # an earlier copy may have arrived
    if message.state in _NOT_TAKEN:
        return now
    return message.sent_at or message.dot_at


def _judged(hits: Sequence[Hit], last: datetime, delivered_at: datetime | None) -> list[Hit]:
    """Judge those of a message up to an instant."""
    requests, instants = [_request(hit) for hit in hits], [hit.at for hit in hits]
    judged: list[Hit] = []
    for place, hit in enumerate(hits):
        if hit.judgement or hit.at > last:
            continue
        begin = max(place - _NEAREST, bisect_left(instants, hit.at - AROUND))
        end = min(place + _NEAREST, bisect_right(instants, hit.at + AROUND))
        finding = judge(requests[place], requests[begin:end], delivered_at=delivered_at)
        hit.judgement, hit.signs = finding.judgement, list(finding.signs)
        judged.append(hit)
    return judged


def _request(hit: Hit) -> Request:
    return Request(HitKind(hit.kind), hit.at, hit.link, hit.method, hit.agent, hit.network, hit.hint)


def _keep(hits: Sequence[Hit]) -> None:
    signs = ["[" + ",".join(f'"{sign}"' for sign in hit.signs) + "]" for hit in hits]
    statements.run(_KEEP, [[str(hit.pk) for hit in hits], [str(hit.judgement) for hit in hits], signs])


def _firsts(hits: Iterable[Hit], messages: dict[int, OutboundMessage]) -> list[Entry]:
    """Return the events of the first hit of each message, kind and judgement."""
    first: dict[tuple[int, str, str], Hit] = {}
    for hit in sorted(hits, key=lambda one: one.at):
        if (HitKind(hit.kind), Judgement(hit.judgement)) in KINDS and hit.message_id in messages:
            first.setdefault((hit.message_id, hit.kind, hit.judgement), hit)
    if not first:
        return []
    ids = [hit.pk for hit in hits]
    earlier = Hit.objects.filter(message_id__in={pk for pk, _, _ in first}).exclude(judgement="").exclude(pk__in=ids)
    known = set(earlier.values_list("message_id", "kind", "judgement"))
    return [_entry(hit, messages[key[0]]) for key, hit in first.items() if key not in known]


def _entry(hit: Hit, message: OutboundMessage) -> Entry:
    data: dict[str, Any] = {"signs": hit.signs}
    return Entry(
        workspace_id=message.workspace_id,
        kind=KINDS[HitKind(hit.kind), Judgement(hit.judgement)],
        at=hit.at,
        campaign_id=message.campaign_id,
        contact_id=message.contact_id,
        enrollment_id=message.enrollment_id,
        mailbox_id=message.mailbox_id,
        message_id=message.pk,
        data=data,
    )
