"""Read a DMARC aggregate report as it streams by: RFC 9990, RFC 7489 appendix C, and what reporters make of them. Pure.

Elements are known by their names alone, without namespace or prefix: reporters differ in those, and none uses another's
names otherwise. A document type is refused, so that there are no entities; what is not asked for is not kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from xml.parsers import expat

from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.reading.shapes import Aggregate, Published, Row, Signature, SpfResult
from sending.dmarc.reading.values import (
    Unreadable,
    address,
    check_range,
    count,
    domain,
    domain_or_none,
    instant,
    result,
    shown,
)

MOST_RECORDS = 50_000
_MOST_ELEMENTS = 2_000_000  # a record has about 25
_DEEPEST = 20
_LONGEST_TEXT = 1_000
_LONGEST_SILENCE = 1_000_000  # bytes in which nothing begins or ends: a tag or comment that long is none
_MOST_RESULTS = 8  # signatures of a record
_MOST_CAUSES = 5
_DISPOSITIONS = frozenset({"none", "pass", "quarantine", "reject"})
_SCOPES = frozenset({"mfrom", "helo"})
_RECORD = ("feedback", "record")
_RANGE = ("begin", "end")
_POLICY = ("domain", "p", "sp", "np", "adkim", "aspf", "pct", "testing", "discovery_method")
# What is asked for; all else is not kept.
_HEAD = frozenset({
    *(("report_metadata", one) for one in ("org_name", "report_id")),
    *(("report_metadata", "date_range", one) for one in _RANGE), *(("policy_published", one) for one in _POLICY),
})  # fmt: skip
_VALUES = frozenset({
    ("row", "source_ip"), ("row", "count"), *(("policy_evaluated", one) for one in ("disposition", "dkim", "spf")),
    # early drafts call them identities
    *((kind, one) for kind in ("identifiers", "identities") for one in ("header_from", "envelope_from")),
})  # fmt: skip
_LISTS = {
    ("auth_results", "dkim"): ("domain", "selector", "result"),
    ("auth_results", "spf"): ("domain", "scope", "result"),
    ("policy_evaluated", "reason"): ("type",),
}


def read_aggregate(pieces: Iterable[bytes], *, now: datetime) -> Aggregate:
    """Return what a report says. Raises BadReport."""
    reading = _Reading()
    try:
        for piece in pieces:
            reading.feed(piece)
        reading.parser.Parse(b"", True)
    except expat.ExpatError as error:
        words = f"The XML is broken in line {error.lineno} ({expat.ErrorString(error.code)}): get the file again."
        raise BadReport(Fault.BROKEN_XML, words) from error
    except (LookupError, UnicodeError, ValueError) as error:
        if isinstance(error, BadReport):
            raise
        raise BadReport(Fault.BROKEN_XML, "The XML is written in an encoding that nobody knows.") from error
    return reading.report(now)


class _Reading:
    """What was read so far: the path of open elements, the head by its paths, and the records, equal ones together."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.path: list[str] = []
        self.text: list[str] = []
        self.head: dict[tuple[str, ...], str] = {}
        self.values: dict[tuple[str, ...], str] = {}
        self.lists: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        self.rows: dict[Row, int] = defaultdict(int)
        self.causes: list[str] = []
        self.records = self.elements = self.skipped = self.silent = 0

    def feed(self, piece: bytes) -> None:
        self.silent += len(piece)
        self.parser.Parse(piece, False)
        if self.silent > _LONGEST_SILENCE:
            raise BadReport(Fault.NO_REPORT, "The XML is one endless tag or comment: this is no report.")

    def _refuse(self, *_: object) -> None:
        words = "The XML declares a document type (DOCTYPE), which no report has and which attacks are made of."
        raise BadReport(Fault.HAS_DOCTYPE, words)

    def _begin(self, name: str, _: object) -> None:
        self.silent = 0
        self.elements += 1
        self.path.append(name.rpartition(":")[2].lower()[:40])
        self.text = []
        if len(self.path) > _DEEPEST:
            raise BadReport(Fault.TOO_DEEP, f"The XML is nested more than {_DEEPEST} deep: this is no report.")
        if self.elements > _MOST_ELEMENTS:
            raise BadReport(Fault.TOO_MANY_RECORDS, f"The XML has more than {_MOST_ELEMENTS:,} elements.")
        if self.path[0] != "feedback":
            words = f"The XML begins with <{shown(name, 30)}>: a DMARC report begins with <feedback>."
            raise BadReport(Fault.NO_REPORT, words)

    def _add_text(self, text: str) -> None:
        self.silent = 0
        if len(self.text) < _LONGEST_TEXT:
            self.text.append(text[:_LONGEST_TEXT])

    def _end(self, _: str) -> None:
        self.silent = 0
        path = tuple(self.path)
        self.path.pop()
        if path == _RECORD:
            self._end_record()
            return
        text, self.text = "".join(self.text).strip()[:_LONGEST_TEXT], []
        if path[:2] != _RECORD:
            if path[1:] in _HEAD:
                self.head.setdefault(path[1:], text)
        elif (kind := path[-3:-1]) in _LISTS:
            if path[-1] in _LISTS[kind]:
                self.values[path[-2:]] = text
        elif (kind := path[-2:]) in _LISTS:
            found = {name: self.values.pop((kind[1], name), "") for name in _LISTS[kind]}
            if len(self.lists[kind]) < _MOST_RESULTS:
                self.lists[kind].append(found)
        elif path[-2:] in _VALUES:
            self.values.setdefault(path[-2:], text)

    def _end_record(self) -> None:
        self.records += 1
        if self.records > MOST_RECORDS:
            words = f"The report has more than {MOST_RECORDS:,} records, which is more than is kept of one."
            raise BadReport(Fault.TOO_MANY_RECORDS, words)
        try:
            row = self._row()
        except Unreadable as error:
            self.skipped += 1
            if len(self.causes) < _MOST_CAUSES:
                self.causes.append(f"record {self.records}: {error}")
        else:
            if row.count:
                self.rows[replace(row, count=0)] += row.count
        self.values, self.lists = {}, defaultdict(list)

    def _row(self) -> Row:
        judged = {name: self._judged(name) for name in ("disposition", "dkim", "spf")}
        header_from = self._identifier("header_from")
        return Row(
            source=address(self.values.get(("row", "source_ip"), "")),
            count=count(self.values.get(("row", "count"), "")),
            disposition=judged["disposition"] if judged["disposition"] in _DISPOSITIONS else "",
            dkim=judged["dkim"] == "pass",
            spf=judged["spf"] == "pass",
            header_from=domain(header_from) if header_from else domain_or_none(self._published("domain")),
            envelope_from=domain_or_none(self._identifier("envelope_from")),
            signatures=tuple(
                Signature(domain_or_none(one["domain"]), shown(one["selector"].lower(), 63), result(one["result"]))
                for one in self.lists["auth_results", "dkim"]
            ),
            spf_results=tuple(
                SpfResult(
                    domain_or_none(one["domain"]),
                    one["scope"].lower() if one["scope"].lower() in _SCOPES else "",
                    result(one["result"]),
                )
                for one in self.lists["auth_results", "spf"]
            ),
            overrides=tuple(shown(one["type"].lower(), 30) for one in self.lists["policy_evaluated", "reason"]),
        )

    def _judged(self, name: str) -> str:
        return self.values.get(("policy_evaluated", name), "").lower()

    def _identifier(self, name: str) -> str:
        return self.values.get(("identifiers", name), "") or self.values.get(("identities", name), "")

    def _published(self, name: str) -> str:
        return self.head.get(("policy_published", name), "")

    def report(self, now: datetime) -> Aggregate:
        """Return the whole. Raises BadReport where what a report needs is not there."""
        told = {name: shown(self._published(name).lower(), 12) for name in ("p", "sp", "np", "adkim", "aspf", "pct")}
        try:
            begins, ends = (instant(self.head.get(("report_metadata", "date_range", one), "")) for one in _RANGE)
            policy = Published(
                domain(self._published("domain")), **told, testing=shown(self._published("testing").lower(), 12),
                discovery=shown(self._published("discovery_method").lower(), 12),
            )  # fmt: skip
        except Unreadable as error:
            raise BadReport(Fault.BAD_VALUE, f"The head of the report cannot be read: {error}.") from error
        check_range(begins, ends, now)
        org = shown(self.head.get(("report_metadata", "org_name"), ""), 100)
        report_id = shown(self.head.get(("report_metadata", "report_id"), ""), 200)
        if not org or not report_id:
            raise BadReport(Fault.BAD_VALUE, "The report does not say who made it, or has no number (report_id).")
        if self.skipped and not self.rows:
            raise BadReport(Fault.BAD_VALUE, f"No record of the report can be read; {self.causes[0]}.")
        rows = tuple(replace(row, count=number) for row, number in self.rows.items())
        return Aggregate(org, report_id, begins, ends, policy, rows, self.skipped, tuple(self.causes))
