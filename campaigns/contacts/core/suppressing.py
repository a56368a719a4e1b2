"""Rules about whom never to write to: what may be written down, and by which keys an address finds what forbids it.

Allowed are, and nothing else:
- `ada@example.com`: one address;
- `example.com`, also written `@example.com` or `*@example.com`: everybody there and at the domains below;
- `*.example.com` or `*@*.gov`: everybody below a domain of one to SUFFIX_LABELS labels, not at itself;
- `info@*`: one local part at every domain;
- `info@*.example.com`: one local part at the domains below one.

A star stands for a whole local part or for any labels at the front of a domain. So an address asks for a handful of
values, each of which is looked up as it is, and no rule is ever tried as a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.contacts.states import SuppressionScope
from outreach.kit.addresses import BadAddress, domain_and_parents, parse_address, parse_domain

SUFFIX_LABELS = 4  # of the domain behind a star: bounds what an address asks for to ten values
_ANYBODY, _ANYWHERE, _BELOW = "*@", "@*", "@*."
_FORMS = "Write it as *.example.com, *@*.gov, info@* or info@*.example.com; a star stands for a whole part."


@dataclass(frozen=True, slots=True)
class Rule:
    """What a suppression says, in the one form in which it is stored and looked up."""

    scope: SuppressionScope
    value: str


def parse_rule(text: str) -> Rule:
    """Return the rule in `text`. Raises BadAddress naming the cause."""
    plain = text.strip()
    if "*" in plain:
        return _wildcard(plain)
    if "@" in plain.removeprefix("@"):
        return Rule(SuppressionScope.ADDRESS, parse_address(plain).key)
    return Rule(SuppressionScope.DOMAIN, parse_domain(plain))


def usual_keys(key: str) -> list[tuple[str, str]]:
    """Return the rules (scope, value) about an address and its domains that would forbid it, the nearest first."""
    domains = domain_and_parents(key.rpartition("@")[2])
    return [(_ADDRESS, key), *((_DOMAIN, domain) for domain in domains)]


def wildcard_keys(key: str) -> list[tuple[str, str]]:
    """Return the wildcards (scope, value) that would forbid an address, at most 1 + 2 * SUFFIX_LABELS."""
    local, _, domain = key.rpartition("@")
    found = [(_WILDCARD, f"{local}{_ANYWHERE}")]
    for suffix in _suffixes(domain):
        found += ((_WILDCARD, f"{_ANYBODY}*.{suffix}"), (_WILDCARD, f"{local}{_BELOW}{suffix}"))
    return found


def domain_above_in_sql(domain: str) -> str:
    """Return the domain above one as SQL, the top level where there is none; `domain` is an expression."""
    return f"substr({domain}, strpos({domain}, '.') + 1)"


def domains_in_sql(domain: str) -> str:
    """Return the domains of usual_keys as an SQL array; `domain` is an expression of the statement."""
    return _DOMAINS_IN_SQL.format(domain=domain)


def wildcard_of_name_in_sql(key: str, domain: str) -> str:
    """Return the wildcard of an address for its local part everywhere, as SQL; key and domain are expressions."""
    return f"{_LOCAL} || '*'".format(key=key, domain=domain)


def wildcards_in_sql(key: str, domain: str) -> str:
    """Return the values of wildcard_keys as an SQL array; `key` and `domain` are expressions of the statement.

    Some stand in it twice, or hold nothing behind their star, which is the value of no rule.
    """
    first = f"GREATEST(2, cardinality({_PARTS}) - {SUFFIX_LABELS - 1})"
    below = ", ".join(_BELOW_IN_SQL.replace("{first}", f"{first} + {i}") for i in range(SUFFIX_LABELS))
    return f"ARRAY[{_LOCAL} || '*', {below}]".format(key=key, domain=domain)


_ADDRESS, _DOMAIN = SuppressionScope.ADDRESS.value, SuppressionScope.DOMAIN.value
_WILDCARD = SuppressionScope.WILDCARD.value
_PARTS = "string_to_array({domain}, '.')"
_LOCAL = "left({key}, length({key}) - length({domain}))"  # with its @
_DOMAINS_IN_SQL = (
    f"ARRAY(SELECT array_to_string(({_PARTS})[i:], '.') FROM generate_series(1, cardinality({_PARTS}) - 1) AS i)"  # noqa: S608
)
# No series here: for each row of a long statement it would cost more than the looks.
_REST = f"array_to_string(({_PARTS})[{{first}}:], '.')"
_BELOW_IN_SQL = f"'*@*.' || {_REST}, {_LOCAL} || '*.' || {_REST}"


def _suffixes(domain: str) -> Iterator[str]:
    """Yield the domains above one, the longest of them that a rule may name first, down to the top level."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - SUFFIX_LABELS), len(labels)):
        yield ".".join(labels[start:])


def _wildcard(text: str) -> Rule:
    if text.startswith("*."):
        text = f"{_ANYBODY}{text}"
    local, at, domain = text.partition("@")
    if not at:
        raise BadAddress(_FORMS)
    if local == "*" and "*" not in domain:
        return Rule(SuppressionScope.DOMAIN, parse_domain(domain))
    if "*" in local.removeprefix("*") or (local.startswith("*") and local != "*"):
        raise BadAddress(f"A star cannot stand for a piece of a name. {_FORMS}")
    name = "*" if local == "*" else _local(local)
    if domain == "*":
        if name == "*":
            raise BadAddress("This would be everybody: pause the campaigns instead.")
        return Rule(SuppressionScope.WILDCARD, f"{name}{_ANYWHERE}")
    if not domain.startswith("*.") or "*" in domain[2:]:
        raise BadAddress(f"A star cannot stand for a piece of a domain. {_FORMS}")
    return Rule(SuppressionScope.WILDCARD, f"{name}{_BELOW}{_suffix(domain[2:])}")


def _local(text: str) -> str:
    return parse_address(f"{text}@example.com").key.rpartition("@")[0]


def _suffix(text: str) -> str:
    """Return the domain behind a star, also one of a single label. Raises BadAddress."""
    suffix = parse_domain(f"a.{text}").removeprefix("a.")
    if suffix.count(".") >= SUFFIX_LABELS:
        raise BadAddress(f"Behind a star at most {SUFFIX_LABELS} parts of a domain can stand.")
    return suffix
