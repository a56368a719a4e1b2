"""Keep how long one reason held a mailbox or a campaign as a whole: one row, made longer at each look that finds it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from sending.ledger.kinds import StretchScope
from sending.ledger.models import Stretch

# Between two messages at a limit lies a gap: what is found again within this time has never ended.
SLACK = timedelta(minutes=30)
_KEPT = timedelta(days=100)

_NOTE = """
WITH asked AS (
    SELECT * FROM unnest(%(workspaces)s::bigint[], %(scopes)s::varchar[], %(mailboxes)s::bigint[],
                         %(campaigns)s::bigint[], %(codes)s::varchar[], %(words)s::varchar[],
                         %(untils)s::timestamptz[], %(slacks)s::float8[])
        AS a(workspace_id, scope, mailbox_id, campaign_id, code, words, until, slack_s)
), longer AS (
    UPDATE ledger_stretch s
       SET until = GREATEST(s.begun_at, a.until), words = a.words
      FROM asked a
     WHERE s.id = (SELECT x.id FROM ledger_stretch x
                    WHERE x.mailbox_id = a.mailbox_id AND x.campaign_id = a.campaign_id AND x.scope = a.scope
                    ORDER BY x.id DESC LIMIT 1)
       AND s.code = a.code AND s.until >= %(now)s - make_interval(secs => a.slack_s)
    RETURNING a.scope, a.mailbox_id, a.campaign_id
)
INSERT INTO ledger_stretch (workspace_id, scope, mailbox_id, campaign_id, code, words, begun_at, until)
SELECT a.workspace_id, a.scope, a.mailbox_id, a.campaign_id, a.code, a.words, %(now)s, GREATEST(%(now)s, a.until)
  FROM asked a
 WHERE NOT EXISTS (SELECT 1 FROM longer n
                    WHERE (n.scope, n.mailbox_id, n.campaign_id) = (a.scope, a.mailbox_id, a.campaign_id))
"""
_END = """
UPDATE ledger_stretch s SET until = GREATEST(s.begun_at, %(now)s)
  FROM unnest(%(mailboxes)s::bigint[], %(campaigns)s::bigint[]) AS a(mailbox_id, campaign_id)
 WHERE s.id = (SELECT x.id FROM ledger_stretch x
                WHERE x.mailbox_id = a.mailbox_id AND x.campaign_id = a.campaign_id AND x.scope = %(scope)s
                ORDER BY x.id DESC LIMIT 1)
   AND s.until > %(now)s
"""


@dataclass(frozen=True, slots=True)
class Note:
    """A reason that holds a mailbox or a campaign (the other id is 0). pace_scale: of its workspace's time."""

    workspace_id: int
    code: str
    words: str
    until: datetime
    scope: StretchScope = StretchScope.EVERYBODY
    mailbox_id: int = 0
    campaign_id: int = 0
    pace_scale: int = 1


def note(notes: Sequence[Note], *, now: datetime) -> None:
    """Begin a stretch for each reason, or make the one that runs longer. Runs inside the caller's transaction.

    The caller holds the mailboxes or campaigns: two at once would begin two stretches.
    """
    if not notes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "workspaces": [one.workspace_id for one in notes],
                "scopes": [one.scope.value for one in notes],
                "mailboxes": [one.mailbox_id for one in notes],
                "campaigns": [one.campaign_id for one in notes],
                "codes": [one.code for one in notes],
                "words": [one.words[:300] for one in notes],
                "untils": [one.until for one in notes],
                "slacks": [SLACK.total_seconds() / one.pace_scale for one in notes],
                "now": now,
            },
        )


def end(scope: StretchScope, *, now: datetime, mailboxes: Sequence[int] = (), campaigns: Sequence[int] = ()) -> None:
    """Let the last stretches of the mailboxes and campaigns be over, where they are not."""
    if not mailboxes and not campaigns:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _END,
            {
                "mailboxes": [*mailboxes, *(0 for _ in campaigns)],
                "campaigns": [*(0 for _ in mailboxes), *campaigns],
                "scope": scope.value,
                "now": now,
            },
        )


def stretches_between(
    begin: datetime, finish: datetime, *, mailboxes: Collection[int] = (), campaigns: Collection[int] = ()
) -> list[Stretch]:
    """Return the stretches of these mailboxes and campaigns that touch [begin, finish), in the order of time."""
    about = Q(mailbox_id__in=mailboxes, campaign_id=0) | Q(campaign_id__in=campaigns, mailbox_id=0)
    return list(Stretch.objects.filter(about, begun_at__lt=finish, until__gt=begin).order_by("begun_at", "id"))


def forget(*, now: datetime) -> int:
    """Forget what lies months back. Returns how many rows went."""
    return Stretch.objects.filter(until__lt=now - _KEPT).delete()[0]
