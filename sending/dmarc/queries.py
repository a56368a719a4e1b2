"""Read what was reported of a domain, beside what is known here: its mailboxes, SPF, keys, and what was sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from ipaddress import ip_network
from typing import Any

from django.db.models import Q, QuerySet, Sum

from outreach.accounts.models import Workspace
from outreach.kit import clock, statements
from outreach.kit.addresses import domain_and_parents
from sending.dmarc.judging.sources import OWN, Judged, Known, Origin, Range, Senders, Signed, Source, judge
from sending.dmarc.judging.tightening import LOOK_BACK_DAYS, Advice, Seen, advise
from sending.dmarc.models import DmarcReport, TlsRow
from sending.dmarc.states import ReportKind
from sending.domains.judging.asking import tags_of
from sending.domains.judging.findings import Check, Record
from sending.domains.judging.whole import Line, Report
from sending.domains.models import DomainKey, WatchedDomain
from sending.domains.states import KeyState
from sending.domains.watched import shown
from sending.ledger.kinds import EventKind
from sending.ledger.models import DailyTally
from sending.mailboxes.models import Mailbox
from sending.mailboxes.presets import by_server

PERIODS = (7, 30, 90, 400)  # days
_MOST_SOURCES = 5_000
_MOST_SIGNATURES = 20_000
_MOST_NAMES = 8
_MAILTO = "mailto:"
_MOST_CAUSES = 5  # of failed connections to one organization
# Rows of reports whose policy stands at the domain, above or below it, of mail in its name or in that of names below.
# policy: only under this one, on trial or not, as far as the receiver says; "" = any. believed: without reports
# that came by mail whose sender the mailbox's own server did not believe.
_SCOPE = """
  FROM dmarc_report p JOIN dmarc_row r ON r.report_id = p.id
 WHERE p.workspace_id = %(workspace)s AND p.kind = 'aggregate' AND p.day >= %(since)s
   AND (p.domain = ANY(%(above)s::varchar[]) OR p.domain LIKE %(below)s)
   AND (r.header_from = %(domain)s OR r.header_from LIKE %(below)s)
   AND (%(policy)s::text = '' OR p.policy->>'p' = %(policy)s AND p.policy->>'testing' IN ('', %(trial)s))
   AND (NOT %(believed)s OR p.proof <> 'failed')
"""
_SOURCES = f"""
SELECT host(r.source), sum(r.count)::bigint, coalesce(sum(r.count) FILTER (WHERE r.dkim OR r.spf), 0)::bigint,
       coalesce(sum(r.count) FILTER (WHERE r.dkim), 0)::bigint, coalesce(sum(r.count) FILTER (WHERE r.spf), 0)::bigint,
       coalesce(sum(r.count) FILTER (WHERE r.disposition = 'quarantine'), 0)::bigint,
       coalesce(sum(r.count) FILTER (WHERE r.disposition = 'reject'), 0)::bigint,
       coalesce(sum(r.count) FILTER (
         WHERE r.overrides ?| array['forwarded', 'mailing_list', 'trusted_forwarder']), 0)::bigint,
       (array_agg(DISTINCT r.header_from))[1:{_MOST_NAMES}],
       (array_agg(DISTINCT r.envelope_from) FILTER (WHERE r.envelope_from <> ''))[1:{_MOST_NAMES}],
       (array_agg(DISTINCT p.org))[1:{_MOST_NAMES}], min(p.day), max(p.day)
{_SCOPE} GROUP BY r.source ORDER BY 2 DESC, r.source LIMIT {_MOST_SOURCES}
"""  # texts of our own
_COLUMNS = (
    "address", "messages", "aligned", "dkim", "spf", "quarantined", "rejected", "passed_on", "headers", "envelopes",
    "reporters", "first", "last",
)  # fmt: skip
_SIGNATURES = f"""
SELECT source, signature->>0, signature->>1, signature->>2, sum(count)::bigint
  FROM (SELECT host(r.source) AS source, r.count, jsonb_array_elements(r.signatures) AS signature {_SCOPE}) AS s
 GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT {_MOST_SIGNATURES}
"""  # noqa: S608
_DAYS = f"""
SELECT p.day, sum(r.count)::bigint, coalesce(sum(r.count) FILTER (WHERE r.dkim OR r.spf), 0)::bigint,
       count(DISTINCT p.org)
{_SCOPE} GROUP BY p.day ORDER BY p.day
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What was reported of one day (UTC), and what mailboxes of the domain sent then (in the workspace's zone)."""

    day: date
    messages: int
    aligned: int
    reporters: int
    sent: int


@dataclass(frozen=True, slots=True)
class TlsLine:
    """How connections to a domain's exchangers went, by organization. causes: (result, exchanger, sessions)."""

    org: str
    kind: str
    successes: int
    failures: int
    causes: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Goal:
    """An address that reports go to. is_read: a mailbox of the workspace has it; another may still read it."""

    address: str
    is_read: bool


@dataclass(frozen=True, slots=True)
class Told:
    """All that was reported of a domain in a stretch of days."""

    domain: str
    since: date
    sources: Sequence[Judged]
    days: Sequence[Day]
    tls: Sequence[TlsLine]
    advice: Advice
    record: Record | None  # the one that holds, which may stand at a domain above; None where it is not known
    goals: Sequence[Goal]  # of that record

    @property
    def messages(self) -> int:
        return sum(one.messages for one in self.days)

    @property
    def aligned(self) -> int:
        return sum(one.aligned for one in self.days)

    @property
    def sent(self) -> int:
        return sum(one.sent for one in self.days)

    @property
    def is_from_above(self) -> bool:
        """Say whether the record stands at a domain above: it holds for more than is told of here."""
        return self.record is not None and self.record.name != f"_dmarc.{self.domain}"

    @property
    def asks_for_reports(self) -> Record:
        """Return the record that asks for reports: the one that holds, with an address where it names none."""
        if self.record is None:
            return Record(f"_dmarc.{self.domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{self.domain}")
        if self.goals:
            return self.record
        return Record(self.record.name, f"{self.record.value.rstrip('; ')}; rua=mailto:dmarc@{self.domain}")

    @property
    def to_publish(self) -> Record | None:
        """Return the record of the next step, None where the one before it is not known, or is not the domain's own."""
        if self.record is None or self.is_from_above or not self.advice.value:
            return None
        return Record(self.record.name, self.advice.value)


def told_of(workspace: Workspace, row: WatchedDomain, *, days: int) -> Told:
    """Return what was reported of a domain in the last so many days, each source with whose it is."""
    since = clock.now().astimezone(UTC).date() - timedelta(days=days)
    report = shown(row).report
    known, standing = known_of(workspace, row, report), standing_record(report)
    tags = _holding(row.domain, standing) if standing else _published(workspace, row.domain)
    asked = _asked(workspace, row.domain, since)
    return Told(
        row.domain, since, judge(_sources(asked), known), _days(workspace, row.domain, asked),
        _tls(workspace, row.domain, since), _advice(workspace, row.domain, known, tags), standing,
        _goals(workspace, tags),
    )  # fmt: skip


def reports_of(workspace: Workspace, domain: str) -> QuerySet[DmarcReport]:
    """Return the reports about a domain, or about one above or below it, those taken in last first."""
    rows = DmarcReport.objects.filter(workspace=workspace).filter(
        Q(domain__in=domain_and_parents(domain)) | Q(domain__endswith=f".{domain}")
    )
    return rows.select_related("mailbox", "taken_by").order_by("-id")


def known_of(workspace: Workspace, row: WatchedDomain, report: Report | None) -> Known:
    """Return what is known here about who sends for a domain."""
    servers: dict[str, list[str]] = defaultdict(list)
    providers: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    selectors: dict[str, str] = {}
    boxes = Mailbox.objects.filter(workspace=workspace, address__iendswith=f"@{row.domain}").order_by("address")
    for box in boxes.only("address", "smtp_host"):
        preset = by_server(box.smtp_host, box.address)
        if preset is None:
            servers[box.smtp_host.lower()].append(box.address)
            continue
        providers[preset.name, preset.spf].append(box.address)
        selectors |= {one.lower(): f"the usual one of {preset.name}" for one in preset.dkim}
    keys = DomainKey.objects.filter(workspace=workspace, domain__in=domain_and_parents(row.domain))
    for key in keys.exclude(state=KeyState.UNPUBLISHED):
        selectors[key.selector.lower()] = "the key that messages are signed with here"
    senders = Senders(" or ".join(sorted(servers)), tuple(one for some in servers.values() for one in some))
    return Known(
        row.domain,
        ranges_in(report.tree) if report else (),
        dict.fromkeys(_addresses(report), senders) if servers else {},
        {one: Senders(name, tuple(some)) for (name, spf), some in providers.items() for one in spf},
        selectors,
    )


def ranges_in(tree: Sequence[Line]) -> list[Range]:
    """Return the ranges of a tree of SPF that pass, each with the includes that lead there."""
    found, above = [], list[str]()
    for line in tree:
        name, _, value = line.text.partition(":")
        del above[line.depth :]
        above.extend([""] * (line.depth - len(above)))
        if line.text.startswith(("include:", "+include:", "redirect=")):
            above.append(line.text.partition("=" if line.text.startswith("redirect=") else ":")[2].lower())
        elif name.removeprefix("+").lower() in {"ip4", "ip6"}:
            try:
                network = ip_network(value.strip(), strict=False)
            except ValueError:
                continue
            found.append(Range(network, tuple(one for one in above if one)))
    return found


def standing_record(report: Report | None) -> Record | None:
    """Return the DMARC record that holds for a domain, as the last check found it; None where nobody knows one."""
    judged = next((one for one in report.judged if one.check is Check.DMARC), None) if report else None
    if judged is None or len(judged.found) != 1 or not judged.at or "p" not in tags_of(judged.found[0]):
        return None
    return Record(f"_dmarc.{judged.at}", judged.found[0])


def _addresses(report: Report | None) -> list[str]:
    """Return the addresses of servers of which no provider is known, as the check of their names met them."""
    judged = next((one for one in report.judged if one.check is Check.RDNS), None) if report else None
    return [one.code.partition(":")[2] for one in judged.findings] if judged else []


def _asked(workspace: Workspace, domain: str, since: date, **more: Any) -> dict[str, Any]:
    return {
        "workspace": workspace.pk, "since": since, "domain": domain, "above": list(domain_and_parents(domain)),
        "below": f"%.{_plain(domain)}", "policy": "", "trial": "", "believed": False, **more,
    }  # fmt: skip


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def _sources(asked: Mapping[str, Any]) -> list[Source]:
    signed: dict[str, list[Signed]] = defaultdict(list)
    for address, *told in statements.run(_SIGNATURES, asked):
        signed[address].append(Signed(*told))
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in statements.run(_SOURCES, asked)]
    return [
        Source(**{**row, "envelopes": row["envelopes"] or ()}, signed=tuple(signed[row["address"]])) for row in rows
    ]


def _days(workspace: Workspace, domain: str, asked: Mapping[str, Any]) -> list[Day]:
    below = Q(address__iendswith=f"@{domain}") | Q(address__iendswith=f".{domain}")
    boxes = list(Mailbox.objects.filter(below, workspace=workspace).values_list("pk", flat=True))
    tallies = DailyTally.objects.filter(
        workspace=workspace, day__gte=asked["since"], kind=EventKind.SENT, mailbox_id__in=boxes
    )
    counted = statements.run(_DAYS, asked)
    sent = dict(tallies.values_list("day").annotate(total=Sum("count")).order_by())
    return [Day(day, number, aligned, reporters, sent.get(day, 0)) for day, number, aligned, reporters in counted]


def _tls(workspace: Workspace, domain: str, since: date) -> list[TlsLine]:
    rows = TlsRow.objects.filter(
        report__workspace=workspace, report__kind=ReportKind.TLS, report__domain=domain, report__day__gte=since
    )
    counted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    causes: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for org, kind, good, bad, details in rows.values_list("report__org", "kind", "successes", "failures", "details"):
        counted[org, kind][0] += good
        counted[org, kind][1] += bad
        for result, exchanger, sessions, _ in details:
            causes[org, kind][result, exchanger] += sessions
    lines = sorted(counted.items(), key=lambda one: (-one[1][1], one[0]))
    return [TlsLine(*key, good, bad, _gravest(causes[key])) for key, (good, bad) in lines]


def _gravest(causes: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    found = sorted(causes.items(), key=lambda one: (-one[1], one[0]))
    return [(result, exchanger, sessions) for (result, exchanger), sessions in found[:_MOST_CAUSES]]


def _advice(workspace: Workspace, domain: str, known: Known, tags: Mapping[str, str]) -> Advice:
    since = clock.now().astimezone(UTC).date() - timedelta(days=LOOK_BACK_DAYS)
    policy, trial = tags.get("p", "none").lower(), tags.get("t", "n").lower()
    asked = _asked(workspace, domain, since, policy=policy, trial=trial, believed=True)
    judged = judge(_sources(asked), known)
    own = [one.source for one in judged if one.origin in OWN]
    unknown = [one.source for one in judged if one.origin is Origin.UNKNOWN]
    seen = Seen(
        len(statements.run(_DAYS, asked)), sum(one.messages for one in own), sum(one.aligned for one in own),
        sum(one.messages for one in unknown), len(unknown),
    )  # fmt: skip
    return advise(tags, seen)


def _goals(workspace: Workspace, tags: Mapping[str, str]) -> list[Goal]:
    named = [one.strip().partition("!")[0] for one in tags.get("rua", "").split(",")]
    found = [one[len(_MAILTO) :].lower() for one in named if one.lower().startswith(_MAILTO)][:_MOST_NAMES]
    boxes = Mailbox.objects.filter(workspace=workspace).values_list("address", "imap_username")
    read = {text.lower() for box in boxes for text in box} if found else set()
    return [Goal(one, one in read) for one in found]


def _holding(domain: str, standing: Record) -> dict[str, str]:
    """Return the tags of a record; of one from above p is what it asks for below itself."""
    tags = tags_of(standing.value)
    return tags if standing.name == f"_dmarc.{domain}" else tags | {"p": tags.get("sp", tags["p"])}


def _published(workspace: Workspace, domain: str) -> dict[str, str]:
    """Return the policy as the newest report has it, where no check of the DNS has."""
    newest = reports_of(workspace, domain).filter(kind=ReportKind.AGGREGATE, domain=domain).order_by("-ends").first()
    if newest is None:
        return {}
    return {"p": newest.policy.get("p", ""), "t": newest.policy.get("testing", "")}
