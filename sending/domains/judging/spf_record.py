"""The grammar of an SPF record (RFC 7208 sections 4.5 to 4.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_TERM = re.compile(r"(?P<sign>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>[:/=].*)?\Z", re.IGNORECASE)
_WITH_NAME = frozenset({"include", "exists"})
_COUNTED = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = _COUNTED - {"redirect"} | {"all", "ip4", "ip6"}
_LENGTHS = re.compile(r"(?:/(?P<four>\d{1,3}))?(?://(?P<six>\d{1,3}))?\Z")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})?(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?\Z", re.IGNORECASE)

Network = IPv4Network | IPv6Network


class SpfError(ValueError):
    """A record that receivers take for broken ("permerror"); the words say what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a record."""

    text: str
    name: str  # of a mechanism or a modifier, in lower case
    sign: str = "+"
    value: str = ""  # a domain, "" for the one that publishes the record
    network: Network | None = None

    @property
    def is_counted(self) -> bool:
        return self.name in _COUNTED

    @property
    def has_macro(self) -> bool:
        return "%" in self.value


def is_spf(record: str) -> bool:
    """Say whether a TXT record is an SPF record, right or wrong (section 4.5)."""
    return _VERSION.match(record) is not None


def parse(record: str) -> list[Term]:
    """Return the terms of a record (section 4.6.1). Raises SpfError for what receivers take for broken."""
    if not is_spf(record):
        raise SpfError("It does not begin with v=spf1.")
    terms = [_term(text) for text in record.split(" ")[1:] if text]
    for name in ("redirect", "exp"):
        if sum(one.name == name for one in terms) > 1:
            raise SpfError(f"{name}= stands in it twice.")
    return terms


def _term(text: str) -> Term:
    found = _TERM.match(text)
    if found is None:
        raise SpfError(f"“{text[:60]}” is no word of an SPF record.")
    sign, name, rest = found["sign"] or "+", found["name"].lower(), found["rest"] or ""
    if rest.startswith("="):
        if found["sign"]:
            raise SpfError(f"“{text[:60]}” is no word of an SPF record.")
        return Term(text, name, value=_domain(text, rest[1:]) if name in {"redirect", "exp"} else rest[1:])
    if name not in _MECHANISMS:
        raise SpfError(f"“{text[:60]}”: there is no mechanism “{name}”.")
    if name in {"ip4", "ip6"}:
        return Term(text, name, sign, network=_network(text, name, rest))
    if name == "all":
        if rest:
            raise SpfError(f"“{text[:60]}”: all takes nothing behind it.")
        return Term(text, name, sign)
    value, rest = _split(rest)
    lengths = _LENGTHS.match(rest)
    if (rest and name not in {"a", "mx"}) or lengths is None or not _fits(lengths["four"], lengths["six"]):
        raise SpfError(f"“{text[:60]}” has something behind the name that cannot stand there.")
    if name in _WITH_NAME and not value:
        raise SpfError(f"“{text[:60]}” names no domain.")
    return Term(text, name, sign, value=_domain(text, value) if value else "")


def _split(rest: str) -> tuple[str, str]:
    """Return the domain behind a colon, and the lengths behind that."""
    if not rest.startswith(":"):
        return "", rest
    value, slash, lengths = rest[1:].partition("/")
    return value, slash + lengths


def _fits(four: str | None, six: str | None) -> bool:
    return int(four or 0) <= 32 and int(six or 0) <= 128


def _network(text: str, name: str, rest: str) -> Network:
    try:
        network = ip_network(rest[1:], strict=False)
    except ValueError as error:
        raise SpfError(f"“{text[:60]}” names no network.") from error
    if not rest.startswith(":") or f"ip{network.version}" != name:
        raise SpfError(f"“{text[:60]}” names no network of its kind.")
    return network


def _domain(text: str, value: str) -> str:
    if "%" not in value and not _NAME.match(value):
        raise SpfError(f"“{text[:60]}” names no domain.")
    return value.lower().rstrip(".")
