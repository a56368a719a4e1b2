"""Read an SMTP TLS report (RFC 8460): whether mail to our domains came over connections to be trusted. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.reading.shapes import TlsFailure, TlsPolicy, TlsReport
from sending.dmarc.reading.values import Unreadable, check_range, count, domain, instant, shown

LIMIT_BYTES = 5_000_000  # JSON is read as a whole
_MOST_POLICIES = 1_000
_MOST_DETAILS = 50  # kept of a policy; their counts add up in its summary
_KINDS = frozenset({"sts", "tlsa", "no-policy-found"})


def read_tls(pieces: Iterable[bytes], *, now: datetime) -> TlsReport:
    """Return what a report says. Raises BadReport."""
    told = _object(_loaded(pieces), "the report")
    try:
        span = _object(told.get("date-range"), "date-range")
        begins, ends = instant(_text(span, "start-datetime")), instant(_text(span, "end-datetime"))
        policies = tuple(_policies(told.get("policies")))
    except Unreadable as error:
        raise BadReport(Fault.BAD_VALUE, f"The TLS report cannot be read: {error}.") from error
    check_range(begins, ends, now)
    org, report_id = shown(_text(told, "organization-name"), 100), shown(_text(told, "report-id"), 200)
    if not org or not report_id:
        raise BadReport(Fault.BAD_VALUE, "The report does not say who made it, or has no number (report-id).")
    return TlsReport(org, report_id, begins, ends, policies)


def _loaded(pieces: Iterable[bytes]) -> Any:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > LIMIT_BYTES:
            raise BadReport(Fault.TOO_LARGE, f"The JSON is larger than {LIMIT_BYTES // 1_000_000} MB.")
    try:
        return json.loads(bytes(content).decode("utf-8-sig"))
    except RecursionError as error:
        raise BadReport(Fault.TOO_DEEP, "The JSON is nested too deep: this is no report.") from error
    except ValueError as error:
        raise BadReport(Fault.BROKEN_JSON, f"The JSON is broken ({str(error)[:80]}): get the file again.") from error


def _policies(found: Any) -> Iterator[TlsPolicy]:
    if not isinstance(found, list) or len(found) > _MOST_POLICIES:
        raise Unreadable("“policies” is no list, or too long a one")
    for one in found:
        yield _policy(_object(one, "a policy"))


def _policy(told: Mapping[str, Any]) -> TlsPolicy:
    policy, summary = _object(told.get("policy"), "policy"), _object(told.get("summary"), "summary")
    kind = _text(policy, "policy-type").lower()
    details = told.get("failure-details") or []
    if not isinstance(details, list):
        raise Unreadable("“failure-details” is no list")
    return TlsPolicy(
        domain=domain(_text(policy, "policy-domain")),
        kind=kind if kind in _KINDS else "unknown",
        # errata 5889: some reporters write it without "-count"
        successes=count(summary.get("total-successful-session-count", summary.get("total-successful-session", 0))),
        failures=count(summary.get("total-failure-session-count", summary.get("total-failure-session", 0))),
        details=tuple(_failure(_object(one, "a failure")) for one in details[:_MOST_DETAILS]),
    )


def _failure(told: Mapping[str, Any]) -> TlsFailure:
    return TlsFailure(
        shown(_text(told, "result-type").lower(), 40) or "unknown",
        shown(_text(told, "receiving-mx-hostname").lower(), 253),
        count(told.get("failed-session-count", 0)),
        shown(_text(told, "failure-reason-code"), 200),
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadReport(Fault.BAD_VALUE, f"The TLS report cannot be read: {name} is no object.")
    return value
