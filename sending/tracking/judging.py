"""Who it was: a person, a machine, or nobody can tell. Pure; the rules are data (rules.toml), each with its source."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sending.tracking.states import HitKind, Judgement

# Of one mail program or scanner: farther apart, two hits have nothing to do with each other.
AROUND = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Request:
    """What a hit is judged by."""

    kind: HitKind
    at: datetime
    number: int = 0  # of the destination
    method: str = "GET"
    agent: str = ""
    network: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A sign of something: it is there when all that the rule names is so.

    early: before the delivery. within_s: so soon after it. links, at_once_s: so many links of the message in so short a
    time, from anywhere or (one_network) from the same network. trapped_s: the trap was asked for so near in time, from
    the same network, or (trapped_by_any) from any.
    """

    id: str
    says: Judgement
    why: str
    source: str
    example: Mapping[str, Any]
    counterexample: Mapping[str, Any]
    kinds: frozenset[HitKind] = frozenset(HitKind)
    methods: frozenset[str] = frozenset()
    agent: re.Pattern[str] | None = None
    hint: re.Pattern[str] | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    no_agent: bool = False
    early: bool = False
    within_s: float = 0
    links: int = 0
    at_once_s: float = 0
    one_network: bool = False
    trapped_s: float = 0
    trapped_by_any: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Who it was, and the ids of the rules that say so."""

    judgement: Judgement
    signs: tuple[str, ...]


def judge(hit: Request, around: Sequence[Request], *, delivered_at: datetime | None) -> Finding:
    """Return who a hit is from. around: the hits of the same message near in time, itself among them.

    delivered_at: the instant before which nobody can have got the message, None where that is not known.
    One sign of a machine makes a machine, else one doubt makes unknown; a person is who gives a sign of one and no
    other.
    """
    by_itself = _fitting(hit.kind, hit.method, hit.agent, hit.network, hit.hint)
    found = [rule for rule in by_itself if _holds(rule, hit, around, delivered_at)]
    said = {rule.says for rule in found}
    order = (Judgement.MACHINE, Judgement.UNKNOWN, Judgement.PERSON)
    judgement = next((one for one in order if one in said), Judgement.UNKNOWN)
    return Finding(judgement, tuple(rule.id for rule in found if rule.says is judgement))


@cache
def rules() -> tuple[Rule, ...]:
    table = tomllib.loads((files(__package__) / "rules.toml").read_text(encoding="utf-8"))
    return tuple(_rule(row) for row in table["rule"])


def why(sign: str) -> str:
    """Return a sign in words."""
    return next((rule.why for rule in rules() if rule.id == sign), sign)


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        **{
            **row,
            "says": Judgement(row["says"]),
            "kinds": frozenset(HitKind(one) for one in row.get("kinds", list(HitKind))),
            "methods": frozenset(row.get("methods", ())),
            "agent": re.compile(row["agent"], re.IGNORECASE) if "agent" in row else None,
            "hint": re.compile(row["hint"], re.IGNORECASE) if "hint" in row else None,
            "networks": tuple(ip_network(one) for one in row.get("networks", ())),
        }
    )


@lru_cache(maxsize=4_096)
def _fitting(kind: HitKind, method: str, agent: str, network: str, hint: str) -> tuple[Rule, ...]:
    """Return the rules that a request fits by itself; most of a burst are alike."""
    return tuple(
        rule
        for rule in rules()
        if kind in rule.kinds
        and (not rule.methods or method in rule.methods)
        and (not rule.no_agent or not agent)
        and (rule.agent is None or rule.agent.search(agent) is not None)
        and (rule.hint is None or rule.hint.search(hint) is not None)
        and (not rule.networks or _is_in(network, rule.networks))
    )


def _holds(rule: Rule, hit: Request, around: Sequence[Request], delivered_at: datetime | None) -> bool:
    """Say whether what is around a request is as the rule has it."""
    if (rule.early or rule.within_s) and not _fits_delivery(rule, hit, delivered_at):
        return False
    if rule.links and _at_once(rule, hit, around) < rule.links:
        return False
    return not rule.trapped_s or _is_trapped(rule, hit, around)


def _fits_delivery(rule: Rule, hit: Request, delivered_at: datetime | None) -> bool:
    if delivered_at is None:
        return False
    if rule.early:
        return hit.at < delivered_at
    return delivered_at <= hit.at <= delivered_at + timedelta(seconds=rule.within_s)


def _at_once(rule: Rule, hit: Request, around: Sequence[Request]) -> int:
    """Return how many links of the message were asked for in a span around the hit, at most as long as the rule's."""
    span = timedelta(seconds=rule.at_once_s)
    near = [
        one
        for one in around
        if one.kind is HitKind.CLICK
        and abs(one.at - hit.at) <= span
        and (not rule.one_network or one.network == hit.network)
    ]
    clicks = sorted((one.at, one.number) for one in near)
    inside: Counter[int] = Counter()
    most = end = 0
    for start, number in clicks:  # in one pass: whoever has a link can ask for it a thousand times in these seconds
        if start > hit.at:
            break
        while end < len(clicks) and clicks[end][0] <= start + span:
            inside[clicks[end][1]] += 1
            end += 1
        most = max(most, len(inside))
        inside[number] -= 1
        if not inside[number]:
            del inside[number]
    return most


def _is_trapped(rule: Rule, hit: Request, around: Sequence[Request]) -> bool:
    if hit.kind is HitKind.TRAP:
        return True
    span = timedelta(seconds=rule.trapped_s)
    return any(
        one.kind is HitKind.TRAP
        and abs(one.at - hit.at) <= span
        and (rule.trapped_by_any or (one.network == hit.network != ""))
        for one in around
    )


def _is_in(network: str, known: Sequence[IPv4Network | IPv6Network]) -> bool:
    if not network:
        return False
    asked = ip_network(network)
    return any(asked.version == one.version and asked.subnet_of(one) for one in known)  # type: ignore[arg-type]
