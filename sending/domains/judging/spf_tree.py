"""An SPF record with everything that it includes, as a tree, and what reading it costs a receiver (RFC 7208)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sending.domains.judging.asking import Answer, Asker, Kind
from sending.domains.judging.spf_record import SpfError, Term, is_spf, parse

ASKED_AT_MOST = 30  # then a record is beyond mending by counting on
_MOST_MX = 10  # names of one mx mechanism (section 4.6.4)
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Branch:
    """A term in the tree: what it leads to, and what is wrong with that."""

    term: Term
    node: Node | None = None  # what include and redirect lead to
    is_void: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A domain with its record and what that includes."""

    domain: str
    record: str
    branches: tuple[Branch, ...] = ()

    def walk(self) -> Iterator[Branch]:
        """Yield every branch, in the order in which a receiver reads them."""
        for one in self.branches:
            yield one
            if one.node is not None:
                yield from one.node.walk()


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything that a domain's record leads to, and what it costs; node is None where there is none to read."""

    node: Node | None = None
    lookups: int = 0
    voids: int = 0
    records: tuple[str, ...] = ()
    problem: str = ""  # for which receivers take it for broken
    trouble: str = ""  # of the resolver


def read(ask: Asker, domain: str) -> Tree:
    """Read the record of a domain and all that it includes; at most ASKED_AT_MOST terms are followed."""
    return _Reading(ask).tree(domain)


@dataclass(slots=True)
class _Reading:
    """What one reading has counted: the limits are those of the whole, not of each record."""

    ask: Asker
    lookups: int = 0
    voids: int = 0
    trouble: str = ""
    problems: list[str] = field(default_factory=list)

    def tree(self, domain: str) -> Tree:
        answer = self.ask(domain, Kind.TXT)
        if answer.is_unknown:
            return Tree(trouble=answer.trouble)
        records = _spf_of(answer)
        if len(records) != 1:
            problem = f"There are {len(records)} SPF records." if records else ""
            return Tree(records=records, problem=problem)
        node = self._node(domain, records[0], ())
        problem = self.problems[0] if self.problems else ""
        return Tree(node, self.lookups, self.voids, records, problem, self.trouble)

    def _node(self, domain: str, record: str, above: tuple[str, ...]) -> Node:
        try:
            terms = parse(record)
        except SpfError as error:
            where = "" if not above else f"The record of {domain}, which is included, is broken. "
            self.problems.append(f"{where}{error}")
            return Node(domain, record)
        has_all = any(one.name == "all" for one in terms)
        # redirect= counts only where no "all" stands (section 6.1), and is read last wherever it stands
        kept = [one for one in terms if one.name != "redirect"]
        kept += [one for one in terms if one.name == "redirect" and not has_all]
        return Node(domain, record, tuple(self._branch(domain, one, (*above, domain)) for one in kept))

    def _branch(self, domain: str, term: Term, above: tuple[str, ...]) -> Branch:
        if not term.is_counted:
            return Branch(term)
        self.lookups += 1
        if term.has_macro or self.lookups > ASKED_AT_MOST or len(above) > _DEEPEST:
            return Branch(term)
        target = term.value or domain
        if term.name in {"include", "redirect"}:
            return self._leading(term, target, above)
        if term.name == "ptr":
            return Branch(term, problem="ptr is slow, and receivers are told not to ask it (section 5.5).")
        return self._asked(term, target)

    def _leading(self, term: Term, target: str, above: tuple[str, ...]) -> Branch:
        if target in above:
            return self._broken(term, f"{term.text} leads back to itself.")
        answer = self.ask(target, Kind.TXT)
        if answer.is_unknown:
            self.trouble = self.trouble or answer.trouble
            return Branch(term, problem=answer.trouble)
        self.voids += answer.is_void
        records = _spf_of(answer)
        if len(records) != 1:
            many = f"{len(records)} SPF records" if records else "no SPF record"
            return self._broken(term, f"{term.text} leads to {target}, which has {many}.", is_void=answer.is_void)
        return Branch(term, self._node(target, records[0], above))

    def _broken(self, term: Term, problem: str, *, is_void: bool = False) -> Branch:
        self.problems.append(problem)
        return Branch(term, is_void=is_void, problem=problem)

    def _asked(self, term: Term, target: str) -> Branch:
        kinds = (Kind.MX,) if term.name == "mx" else (Kind.A,) if term.name == "exists" else (Kind.A, Kind.AAAA)
        answers = [self.ask(target, kind) for kind in kinds]
        if any(one.is_unknown for one in answers):
            self.trouble = self.trouble or next(one.trouble for one in answers if one.is_unknown)
            return Branch(term, problem=self.trouble)
        if term.name == "mx" and len(answers[0].records) > _MOST_MX:
            return self._broken(term, f"{term.text} has more than {_MOST_MX} mail exchangers.")
        is_void = all(one.is_void for one in answers)
        self.voids += is_void
        return Branch(term, is_void=is_void, problem=f"{target} has no such record." if is_void else "")


def _spf_of(answer: Answer) -> tuple[str, ...]:
    return tuple(one for one in answer.records if is_spf(one))
