"""What Google and Microsoft have reported, as the pages, the files and the API show it; and a new file taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.kit import clock
from outreach.kit.words import plural
from sending.mailboxes.models import Mailbox
from sending.mailboxes.reported import boxes_of, report_alarms_of
from sending.pacing.guards import DOMAIN, REPORT_DAYS, ReportAlarm
from sending.pacing.receivers import Receiver, is_free_mail
from sending.planner.progress.guards import sweep_reports
from sending.postmaster.models import ReportedDay, ReportedSpan, ReportFile
from sending.postmaster.queries import ReportedDomain, days_reported, domains_reported, files_taken, spans_reported
from sending.postmaster.services import Taken, take_report
from sending.postmaster.shapes import Filter
from sending.reports.providers import ByProvider

SERIES_DAYS = 120  # as many as Google shows
WIDTH, HEIGHT = 1000, 180
_LEAST_SCALE = 0.4  # percent that a chart reaches up to, so that both lines stand in it
_FILES = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """A domain of ours or of a report: its newest number, how old that is, and what it gives cause for."""

    domain: str
    reported: ReportedDomain | None  # None: nothing was ever reported
    newest: ReportedDay | None  # the newest day with a spam rate
    age_days: int | None  # of that day, in UTC
    alarm: ReportAlarm | None
    has_mailboxes: bool

    @property
    def is_old(self) -> bool:
        """Say whether the newest number counts no more."""
        return self.age_days is None or self.age_days > REPORT_DAYS


@dataclass(frozen=True, slots=True)
class Point:
    """A day of a series. delivered: of ours at Google, None where it is not counted."""

    row: ReportedDay
    delivered: int | None

    @property
    def tone(self) -> str:
        """The colour of its spam rate: beyond the limit, close to it, below."""
        if self.row.spam_rate is None:
            return "none"
        share = round(100 * self.row.spam_rate, 6)
        return "red" if share >= DOMAIN.stop else "amber" if share >= DOMAIN.warn else "green"


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart: a rate's rectangle, with its words."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Spam rates by day. stop, warn: the heights of the lines; highest: in percent."""

    bars: Sequence[Bar]
    stop: float
    warn: float
    highest: float
    first: date
    last: date


def take_in(workspace: Workspace, name: str, content: bytes, *, domain: str = "", by: User | None = None) -> Taken:
    """Take a provider's file in, and let the guard look at once. Raises BadReport, or Unreadable for a bad domain."""
    taken = take_report(workspace, name, content, domain=domain, by=by)
    sweep_reports(workspace.pk)
    return taken


def standings_of(workspace: Workspace) -> Sequence[Standing]:
    """Return the sending domains of the workspace and all that were reported, in their order."""
    reported = {one.domain: one for one in domains_reported(workspace)}
    addresses = Mailbox.objects.filter(workspace=workspace).values_list("address", flat=True)
    own = {address.rpartition("@")[2].lower() for address in addresses}
    own = {domain for domain in own if not is_free_mail(domain)}
    alarms = {one.domain: one for one in report_alarms_of(workspace)}
    rows = ReportedDay.objects.filter(workspace=workspace, spam_rate__isnull=False)
    newest = {row.domain: row for row in rows.order_by("domain", "-day").distinct("domain")}
    today = clock.now().astimezone(UTC).date()
    return [
        Standing(
            domain,
            reported.get(domain),
            row := newest.get(domain),
            (today - row.day).days if row else None,
            alarms.get(domain),
            any(one == domain or one.endswith(f".{domain}") for one in own),
        )
        for domain in sorted({*own, *reported})
    ]


def series_of(workspace: Workspace, domain: str, counted: ByProvider) -> Sequence[Point]:
    """Return the last 120 days of a domain that were reported, the newest first, beside what we delivered there."""
    boxes = boxes_of(workspace.pk, domain)
    rows = days_reported(workspace, since=first_day(), domain=domain)
    return [Point(row, counted.delivered_at(Receiver.GOOGLE, boxes, row.day)) for row in rows]


def chart_of(series: Sequence[Point]) -> Chart | None:
    """Return the chart of a series, each day in its place; None where no rate is known."""
    known = [one for one in reversed(series) if one.row.spam_rate is not None]
    if not known:
        return None
    first, last = known[0].row.day, known[-1].row.day
    step = WIDTH / ((last - first).days + 1)
    highest = max(_LEAST_SCALE, *(100 * (one.row.spam_rate or 0) for one in known))
    bars = []
    for one in known:
        share = 100 * (one.row.spam_rate or 0)
        height = max(2.0, HEIGHT * share / highest)  # a day without any complaint is a day that is known
        x = (one.row.day - first).days * step + step * 0.1
        words = f"{one.row.day:%a} {one.row.day.day} {one.row.day:%b}: {share:.2f} %"
        size = (round(x, 1), round(HEIGHT - height, 1), round(step * 0.8, 1), round(height, 1))
        bars.append(Bar(*size, one.tone, words))
    stop, warn = (round(HEIGHT - HEIGHT * line / highest, 1) for line in (DOMAIN.stop, DOMAIN.warn))
    return Chart(bars, stop, warn, highest, first, last)


def spans_of(workspace: Workspace, most: int) -> Sequence[ReportedSpan]:
    """Return what Microsoft reported of addresses in the last 120 days, the newest first."""
    return list(spans_reported(workspace, since=clock.now() - timedelta(days=SERIES_DAYS))[:most])


def address_warnings(spans: Sequence[ReportedSpan]) -> Sequence[str]:
    """Return in words what Microsoft's newest spans warn of, of the last seven days; one for each address."""
    first = clock.now().astimezone(UTC).date() - timedelta(days=REPORT_DAYS)
    found: dict[str, str] = {}
    for span in spans:
        if span.begins.date() >= first and span.address not in found and (words := _warning(span)):
            found[span.address] = words
    return list(found.values())


def _warning(span: ReportedSpan) -> str:
    told = []
    if span.complaint_rate is not None and not span.complaint_below and 100 * span.complaint_rate >= DOMAIN.warn:
        whole = "" if span.recipients is None else f" of {span.recipients:,} recipients"
        told.append(f"{100 * span.complaint_rate:.2f} %{whole} complained")
    if span.filter_result == Filter.RED:
        told.append("more than 90 % of its mail was taken for spam (RED)")
    if span.trap_hits:
        told.append(f"{plural(span.trap_hits, 'message')} went to traps, addresses that never asked for any")
    day = f"{span.begins.day} {span.begins:%B %Y}"
    return f"{span.address} on {day}, says Microsoft SNDS: {'; '.join(told)}." if told else ""


def newest_files(member: Member) -> Sequence[ReportFile]:
    """Return the newest files that were taken in."""
    return list(files_taken(member.workspace)[:_FILES])


def first_day() -> date:
    """Return the first day (UTC) of a series."""
    return clock.now().astimezone(UTC).date() - timedelta(days=SERIES_DAYS)
