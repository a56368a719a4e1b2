"""A whole check of a sending domain: all that is asked and judged, in one report that can be kept and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from sending.domains.judging import addresses, dkim, dmarc, inbound, spf, spf_tree
from sending.domains.judging.addresses import Zone
from sending.domains.judging.asking import Asker, Kind
from sending.domains.judging.dkim import Selectors
from sending.domains.judging.findings import Check, Finding, Judged, Record, Standing, gravest
from sending.domains.judging.spf import Senders

_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about who sends for a domain, and which blocklists are asked."""

    domain: str
    senders: Senders = field(default_factory=Senders)
    selectors: Selectors = field(default_factory=Selectors)
    zones: tuple[Zone, ...] = ()
    hosts: tuple[str, ...] = ()  # of servers that send for it; their addresses count as senders


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the tree of an SPF record."""

    depth: int
    text: str
    costs: int  # lookups, 0 or 1
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. lookups are those of SPF, of which ten are allowed."""

    domain: str
    judged: tuple[Judged, ...]
    tree: tuple[Line, ...] = ()
    lookups: int = 0

    @property
    def standing(self) -> Standing:
        return gravest(one.standing for one in self.judged)

    @property
    def stops_cold(self) -> tuple[Finding, ...]:
        """Return what receivers refuse or distrust strangers' mail for."""
        return tuple(one for judged in self.judged for one in judged.findings if one.stops_cold)


def check(ask: Asker, scope: Scope) -> Report:
    """Ask everything about a domain, and judge it. What nobody answers is unknown, and nothing else is for that."""
    domain, senders = scope.domain, _with_addresses(ask, scope)
    tree = spf_tree.read(ask, domain)
    policy = dmarc.read(ask, domain)
    judged = (
        inbound.judge_mx(inbound.read_mx(ask, domain), domain),
        spf.judge(tree, domain, senders),
        dkim.judge(dkim.read(ask, domain, scope.selectors), domain, scope.selectors),
        dmarc.judge(policy),
        addresses.judge_reverse([addresses.read_reverse(ask, one) for one in senders.addresses]),
        inbound.judge_sts(inbound.read_sts(ask, domain)),
        inbound.judge_reports(inbound.read_reports(ask, domain), domain),
        inbound.judge_bimi(inbound.read_bimi(ask, domain), policy),
        addresses.judge_listings(
            addresses.read_listings(ask, scope.zones, domain=domain, addresses=senders.addresses)
        ),
    )  # fmt: skip
    lines = tuple(_lines(tree.node, 0)) if tree.node is not None else ()
    return Report(domain, tuple(one for one in judged if one.findings), lines, tree.lookups)


def _with_addresses(ask: Asker, scope: Scope) -> Senders:
    """Return the senders with the public addresses of the servers; a private one is nobody's the world knows."""
    asked = [one for host in scope.hosts for one in _addresses_of(ask, host)]
    found = [one for one in asked if ip_address(one).is_global]
    known = scope.senders.addresses
    return replace(scope.senders, addresses=tuple(dict.fromkeys([*known, *found]))[:_MOST_ADDRESSES])


def _addresses_of(ask: Asker, host: str) -> tuple[str, ...]:
    try:
        return (str(ip_address(host)),)  # a server may be named by its address
    except ValueError:
        return tuple(one for kind in (Kind.A, Kind.AAAA) for one in ask(host, kind).records)


def _lines(node: spf_tree.Node, depth: int) -> Iterator[Line]:
    for branch in node.branches:
        yield Line(depth, branch.term.text, int(branch.term.is_counted), branch.problem)
        if branch.node is not None:
            yield from _lines(branch.node, depth + 1)


def merged(before: Report | None, now: Report) -> Report:
    """Return what is known after a check: where nobody answered, what was known before stays, and that is told."""
    known = {one.check: one for one in before.judged} if before else {}
    return replace(now, judged=tuple(_kept(known.get(one.check), one) for one in now.judged))


def _kept(before: Judged | None, now: Judged) -> Judged:
    if before is None or not _is_silent(now):
        return now
    known = tuple(one for one in before.findings if one.standing is not Standing.UNKNOWN)
    return replace(before, findings=(*known, *now.findings)) if known else now


def _is_silent(judged: Judged) -> bool:
    return all(one.code.partition(":")[0] == "unknown" for one in judged.findings)


@dataclass(frozen=True, slots=True)
class Change:
    """What is other than at the check before. is_new: it was not there; else it is there no more."""

    check: Check
    finding: Finding
    is_new: bool


def changes(before: Report, now: Report) -> tuple[Change, ...]:
    """Return what has come and what has gone between two reports; what is unknown is no change."""
    old, new = _by_code(before), _by_code(now)
    gone = (Change(one.check, one, is_new=False) for key, one in old.items() if key not in new)
    come = (Change(one.check, one, is_new=True) for key, one in new.items() if key not in old)
    return (*gone, *come)


def _by_code(report: Report) -> dict[tuple[Check, str], Finding]:
    found = (one for judged in report.judged for one in judged.findings if one.standing is not Standing.UNKNOWN)
    return {(one.check, one.code): one for one in found}


def is_same(before: Report, now: Report) -> bool:
    """Say whether nothing has changed, neither what was found nor the records it was found in."""
    return not changes(before, now) and _records(before) == _records(now)


def _records(report: Report) -> dict[Check, tuple[str, ...]]:
    return {one.check: tuple(sorted(one.found)) for one in report.judged if one.found}


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return asdict(report)


def from_json(stored: Mapping[str, Any]) -> Report:
    """Return a report that was kept."""
    judged = tuple(
        Judged(
            Check(one["check"]), tuple(_finding(finding) for finding in one["findings"]), tuple(one["found"]),
            one.get("at", ""),  # reports from before it was told have none
        )
        for one in stored["judged"]
    )  # fmt: skip
    lines = tuple(Line(**one) for one in stored["tree"])
    return Report(stored["domain"], judged, lines, stored["lookups"])


def _finding(stored: Mapping[str, Any]) -> Finding:
    record = Record(**stored["record"]) if stored["record"] else None
    return Finding(
        **{**stored, "check": Check(stored["check"]), "standing": Standing(stored["standing"]), "record": record}
    )
