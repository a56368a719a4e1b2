"""Take a report in, once; forget what is old."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath

from django.db import transaction
from django.db.models import Sum

from outreach.accounts.models import User, Workspace
from outreach.kit import clock, statements
from outreach.kit.addresses import domain_and_parents
from outreach.kit.words import plural
from sending.dmarc.models import DmarcReport, TlsRow
from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.reading.files import read_report
from sending.dmarc.reading.shapes import Aggregate, Row, TlsPolicy, TlsReport
from sending.dmarc.reading.values import KEPT
from sending.dmarc.states import Proof, ReportKind
from sending.mailboxes.models import Mailbox
from sending.pacing.receivers import is_free_mail

log = logging.getLogger(__name__)

# Anybody can write to a mailbox, and so could fill the disk: rows that come by mail in a day, and their reports.
MOST_BY_MAIL, MOST_REPORTS_BY_MAIL = 200_000, 5_000
_DAY = timedelta(days=1)
_FORGOTTEN_AT_ONCE = 200
_PART = 2_000  # rows of one statement
_ROWS = """
INSERT INTO dmarc_row (report_id, source, count, disposition, dkim, spf, header_from, envelope_from, signatures,
                       spf_results, overrides)
SELECT %s, a.* FROM unnest(%s::inet[], %s::bigint[], %s::varchar[], %s::boolean[], %s::boolean[], %s::varchar[],
                           %s::varchar[], %s::jsonb[], %s::jsonb[], %s::jsonb[]) AS a
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How a file came: from a person, from a program, or with a mail through a mailbox."""

    by: User | None = None
    mailbox: Mailbox | None = None
    proof: Proof = Proof.NO_MAIL


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report. is_known: it was taken before, and nothing was changed; differs: it said otherwise."""

    report: DmarcReport
    is_known: bool = False
    differs: bool = False

    @property
    def words(self) -> str:
        """Tell of it in one sentence or two."""
        row = self.report
        what = "The TLS report" if row.kind == ReportKind.TLS else "The DMARC report"
        head = f"{what} of {row.org} about {row.domain}, {row.day.day} {row.day:%B %Y}"
        if self.is_known:
            tail = "; this one says otherwise, and was left out" if self.differs else ""
            return f"{head}, was taken in before{tail}: nothing has changed."
        noun = "session" if row.kind == ReportKind.TLS else "message"
        skipped = f" {plural(row.skipped, 'record')} left out: {row.causes[0]}." if row.skipped else ""
        return f"{head}, is taken in: {plural(row.messages, noun)}, {row.aligned:,} of them passed.{skipped}"


def own_domains(workspace: Workspace) -> frozenset[str]:
    """Return the domains that mailboxes of the workspace send from, without those of free providers."""
    addresses = Mailbox.objects.filter(workspace=workspace).values_list("address", flat=True)
    found = {address.rpartition("@")[2].lower() for address in addresses}
    return frozenset(one for one in found if not is_free_mail(one))


def concerns(domain: str, own: Collection[str]) -> bool:
    """Say whether a domain is one of these, or above or below one of them: a policy stands at either."""
    above = {name for one in own for name in domain_and_parents(one)}
    return domain in above or any(name in own for name in domain_and_parents(domain))


def take_file(workspace: Workspace, name: str, content: bytes, way: Way) -> Sequence[Taken]:
    """Keep what a report says of the workspace's domains; a TLS report may be of several. Raises BadReport.

    It is read outside of transactions: that may take seconds.
    """
    report, own = read_report(content, now=clock.now()), own_domains(workspace)
    if way.mailbox is not None:
        _refuse_floods(workspace)
    parts = list(_by_domain(report, own)) if isinstance(report, TlsReport) else [_of_own(report, own)]
    taken = [_take(workspace, name, one, way) for one in parts]
    known = sum(one.is_known for one in taken)
    log.info("dmarc.taken workspace=%s reports=%s known=%s", workspace.pk, len(taken), known)
    return taken


def forget(*, now: datetime) -> int:
    """Forget the oldest reports beyond what is kept, some at a time; return how many."""
    old = DmarcReport.objects.filter(ends__lt=now - KEPT).order_by("ends").values_list("pk", flat=True)
    ids = list(old[:_FORGOTTEN_AT_ONCE])
    DmarcReport.objects.filter(pk__in=ids).delete()
    return len(ids)


def _refuse_floods(workspace: Workspace) -> None:
    lately = DmarcReport.objects.filter(workspace=workspace, taken_at__gt=clock.now() - _DAY, mailbox__isnull=False)
    if (lately.aggregate(rows=Sum("rows"))["rows"] or 0) > MOST_BY_MAIL or lately.count() > MOST_REPORTS_BY_MAIL:
        words = (
            "More reports came by mail within a day than any domain gets: somebody makes them up. See who sends them."
        )
        raise BadReport(Fault.TOO_MUCH, words)


def _not_yours(domain: str) -> BadReport:
    return BadReport(Fault.NOT_YOURS, f"The report is about {domain}, and no mailbox here sends from that domain.")


def _of_own(report: Aggregate, own: Collection[str]) -> Aggregate:
    """Return the report without what is not about mail in the name of an own domain."""
    if not concerns(report.policy.domain, own):
        raise _not_yours(report.policy.domain)
    names = {one: concerns(one, own) for one in {row.header_from for row in report.rows}}
    foreign = sorted(one for one, is_own in names.items() if not is_own)
    if not foreign:
        return report
    rows = tuple(row for row in report.rows if names[row.header_from])
    cause = f"mail from {foreign[0]}, which is none of your domains"
    return replace(
        report, rows=rows, skipped=report.skipped + len(report.rows) - len(rows), causes=(*report.causes, cause)
    )


def _by_domain(report: TlsReport, own: Collection[str]) -> Iterator[TlsReport]:
    domains = dict.fromkeys(one.domain for one in report.policies if concerns(one.domain, own))
    if not domains:
        raise _not_yours(report.policies[0].domain if report.policies else "no domain")
    for domain in domains:
        yield replace(report, policies=tuple(one for one in report.policies if one.domain == domain))


def _take(workspace: Workspace, name: str, report: Aggregate | TlsReport, way: Way) -> Taken:
    digest = hashlib.sha256(repr(report).encode("utf-8", "surrogatepass")).digest()
    domain = report.policies[0].domain if isinstance(report, TlsReport) else report.policy.domain
    short = PurePath(name.replace("\\", "/")).name.replace("\0", "")[-255:]
    values = {
        "day": _day(report.begins, report.ends), "digest": digest, "name": short or "report", "taken_by": way.by,
        "mailbox": way.mailbox, "proof": way.proof,
        **(_of_tls(report) if isinstance(report, TlsReport) else _of_aggregate(report)),
    }  # fmt: skip
    kind = ReportKind.TLS if isinstance(report, TlsReport) else ReportKind.AGGREGATE
    with transaction.atomic():
        row, is_new = DmarcReport.objects.get_or_create(
            workspace=workspace, kind=kind, org=report.org, report_id=report.report_id, domain=domain,
            begins=report.begins, ends=report.ends, defaults=values,
        )  # fmt: skip
        if is_new and isinstance(report, TlsReport):
            TlsRow.objects.bulk_create(_tls_rows(row, report.policies))
        elif is_new and isinstance(report, Aggregate):
            _store(row.pk, report.rows)
    return Taken(row, is_known=not is_new, differs=not is_new and bytes(row.digest) != digest)


def _of_aggregate(report: Aggregate) -> dict[str, object]:
    return {
        "policy": asdict(report.policy), "messages": sum(one.count for one in report.rows),
        "aligned": sum(one.count for one in report.rows if one.is_aligned), "rows": len(report.rows),
        "skipped": report.skipped, "causes": list(report.causes),
    }  # fmt: skip


def _of_tls(report: TlsReport) -> dict[str, object]:
    good = sum(one.successes for one in report.policies)
    return {
        "messages": good + sum(one.failures for one in report.policies),
        "aligned": good,
        "rows": len(report.policies),
    }


def _day(begins: datetime, ends: datetime) -> date:
    return (begins + (ends - begins) / 2).astimezone(UTC).date()


def _store(report_id: int, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), _PART):
        part = rows[start : start + _PART]
        statements.run(_ROWS, [report_id, *(list(column) for column in zip(*map(_cells, part), strict=True))])


def _cells(row: Row) -> tuple[str | int | bool, ...]:
    return (
        row.source, row.count, row.disposition, row.dkim, row.spf, row.header_from, row.envelope_from,
        json.dumps([astuple(one) for one in row.signatures]), json.dumps([astuple(one) for one in row.spf_results]),
        json.dumps(row.overrides),
    )  # fmt: skip


def _tls_rows(report: DmarcReport, policies: Iterable[TlsPolicy]) -> list[TlsRow]:
    return [
        TlsRow(
            report=report, kind=one.kind, successes=one.successes, failures=one.failures,
            details=[[failed.result, failed.receiving_mx, failed.sessions, failed.reason] for failed in one.details],
        )
        for one in policies
    ]  # fmt: skip
