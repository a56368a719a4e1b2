"""Take a provider's file in: all of it that can be read, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import PurePath
from typing import Any

from django.db import transaction

from outreach.accounts.models import User, Workspace
from outreach.kit import clock, statements
from sending.postmaster.gathering import MOST_REFUSALS
from sending.postmaster.models import ReportFile
from sending.postmaster.reading import read_report
from sending.postmaster.shapes import AddressSpan, DomainDay, Report
from sending.postmaster.values import domain_in

_PART = 2_000  # rows of one statement
# What a file does not say, an earlier one may have said: it stays. A spam rate comes with its interval, or without one.
# In the order of their keys, so that two files at once wait for each other in a row.
_DAYS = """
INSERT INTO postmaster_domain_day AS d
       (workspace_id, domain, day, spam_rate, spam_low, spam_high, domain_reputation, ip_reputations, spf, dkim, dmarc,
        tls_in, tls_out, errors, taken_at)
SELECT %s, a.*, %s
  FROM unnest(%s::varchar[], %s::date[], %s::float8[], %s::float8[], %s::float8[], %s::varchar[], %s::jsonb[],
              %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::jsonb[]) AS a
ON CONFLICT (workspace_id, domain, day) DO UPDATE
   SET spam_rate = COALESCE(EXCLUDED.spam_rate, d.spam_rate),
       spam_low = CASE WHEN EXCLUDED.spam_rate IS NULL THEN d.spam_low ELSE EXCLUDED.spam_low END,
       spam_high = CASE WHEN EXCLUDED.spam_rate IS NULL THEN d.spam_high ELSE EXCLUDED.spam_high END,
       domain_reputation = COALESCE(NULLIF(EXCLUDED.domain_reputation, ''), d.domain_reputation),
       ip_reputations = COALESCE(NULLIF(EXCLUDED.ip_reputations, '{}'), d.ip_reputations),
       spf = COALESCE(EXCLUDED.spf, d.spf), dkim = COALESCE(EXCLUDED.dkim, d.dkim),
       dmarc = COALESCE(EXCLUDED.dmarc, d.dmarc), tls_in = COALESCE(EXCLUDED.tls_in, d.tls_in),
       tls_out = COALESCE(EXCLUDED.tls_out, d.tls_out), errors = d.errors || EXCLUDED.errors,
       taken_at = EXCLUDED.taken_at
 WHERE (EXCLUDED.spam_rate IS NOT NULL AND (EXCLUDED.spam_rate, EXCLUDED.spam_low, EXCLUDED.spam_high)
                                           IS DISTINCT FROM (d.spam_rate, d.spam_low, d.spam_high))
    OR EXCLUDED.domain_reputation NOT IN ('', d.domain_reputation)
    OR EXCLUDED.ip_reputations NOT IN ('{}', d.ip_reputations)
    OR EXCLUDED.spf <> COALESCE(d.spf, -1) OR EXCLUDED.dkim <> COALESCE(d.dkim, -1)
    OR EXCLUDED.dmarc <> COALESCE(d.dmarc, -1) OR EXCLUDED.tls_in <> COALESCE(d.tls_in, -1)
    OR EXCLUDED.tls_out <> COALESCE(d.tls_out, -1) OR NOT d.errors @> EXCLUDED.errors
RETURNING xmax = 0
"""
_SPANS = """
INSERT INTO postmaster_address_span AS d
       (workspace_id, address, begins, ends, rcpt_commands, data_commands, recipients, filter_result, complaint_rate,
        complaint_below, trap_hits, helo, mail_from, comments, taken_at)
SELECT %s, a.*, %s
  FROM unnest(%s::inet[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[],
              %s::varchar[], %s::float8[], %s::boolean[], %s::bigint[], %s::varchar[], %s::varchar[], %s::varchar[])
    AS a
ON CONFLICT (workspace_id, address, begins) DO UPDATE
   SET ends = EXCLUDED.ends, rcpt_commands = EXCLUDED.rcpt_commands, data_commands = EXCLUDED.data_commands,
       recipients = EXCLUDED.recipients, filter_result = EXCLUDED.filter_result,
       complaint_rate = EXCLUDED.complaint_rate, complaint_below = EXCLUDED.complaint_below,
       trap_hits = EXCLUDED.trap_hits, helo = EXCLUDED.helo, mail_from = EXCLUDED.mail_from,
       comments = EXCLUDED.comments, taken_at = EXCLUDED.taken_at
 WHERE (d.ends, d.rcpt_commands, d.data_commands, d.recipients, d.filter_result, d.complaint_rate, d.complaint_below,
        d.trap_hits, d.helo, d.mail_from, d.comments)
       IS DISTINCT FROM
       (EXCLUDED.ends, EXCLUDED.rcpt_commands, EXCLUDED.data_commands, EXCLUDED.recipients, EXCLUDED.filter_result,
        EXCLUDED.complaint_rate, EXCLUDED.complaint_below, EXCLUDED.trap_hits, EXCLUDED.helo, EXCLUDED.mail_from,
        EXCLUDED.comments)
RETURNING xmax = 0
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file. is_known: it was taken before, and nothing was changed now."""

    file: ReportFile
    is_known: bool


def take_report(workspace: Workspace, name: str, content: bytes, *, domain: str = "", by: User | None = None) -> Taken:
    """Keep what a file says, and which of its lines were refused, and why. All of it or nothing.

    domain: whose a table is that names none. Raises BadReport, and Unreadable for a domain that is none.
    """
    domain = domain_in(domain) if domain.strip() else ""
    digest = hashlib.sha256(domain.encode() + b"\0" + content).digest()
    known = ReportFile.objects.filter(workspace=workspace, digest=digest).first()
    if known is not None:
        return Taken(known, is_known=True)
    now = clock.now()
    report = read_report(content, today=now.astimezone(UTC).date(), domain=domain)
    with transaction.atomic():
        row, is_new = ReportFile.objects.get_or_create(
            workspace=workspace, digest=digest, defaults=_values(report, name, by)
        )
        if is_new:
            returned = [*_store_days(workspace.pk, report.days, now), *_store_spans(workspace.pk, report.spans, now)]
            row.added, row.changed = sum(returned), len(returned) - sum(returned)
            row.unchanged = len(report.days) + len(report.spans) - len(returned)
            row.save(update_fields=["added", "changed", "unchanged"])
    return Taken(row, is_known=not is_new)


def _values(report: Report, name: str, by: User | None) -> dict[str, Any]:
    short = PurePath(name.replace("\\", "/")).name.replace("\0", "")[-255:]
    return {
        "name": short or "report", "source": report.source, "taken_by": by, "added": 0, "changed": 0, "unchanged": 0,
        "refused": len(report.refused),
        "refusals": [[one.place, one.cause, one.original] for one in report.refused[:MOST_REFUSALS]],
    }  # fmt: skip


def _store_days(workspace_id: int, days: Sequence[DomainDay], now: Any) -> list[bool]:
    """Return of each day that was added or changed whether it is new."""
    rows = [
        (
            one.domain, one.day.isoformat(), one.spam_rate, one.spam_low, one.spam_high, one.domain_reputation,
            json.dumps(dict(one.ip_reputations)), one.spf, one.dkim, one.dmarc, one.tls_in, one.tls_out,
            json.dumps(dict(one.errors)),
        )
        for one in sorted(days, key=lambda one: (one.domain, one.day))
    ]  # fmt: skip
    return _store(_DAYS, workspace_id, rows, now)


def _store_spans(workspace_id: int, spans: Sequence[AddressSpan], now: Any) -> list[bool]:
    rows = [
        (
            one.address, one.begins.replace(tzinfo=UTC), one.ends.replace(tzinfo=UTC), one.rcpt_commands,
            one.data_commands, one.recipients, one.filter_result.value, one.complaint_rate, one.complaint_below,
            one.trap_hits, one.helo, one.mail_from, one.comments,
        )
        for one in sorted(spans, key=lambda one: (one.address, one.begins))
    ]  # fmt: skip
    return _store(_SPANS, workspace_id, rows, now)


def _store(statement: str, workspace_id: int, rows: Sequence[tuple[Any, ...]], now: Any) -> list[bool]:
    returned: list[bool] = []
    for at in range(0, len(rows), _PART):
        columns = [list(column) for column in zip(*rows[at : at + _PART], strict=True)]
        returned += [is_new for (is_new,) in statements.run(statement, [workspace_id, now, *columns])]
    return returned
