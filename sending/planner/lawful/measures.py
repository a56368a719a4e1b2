"""What the program does for the people of each country: the law table in the words of its page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from campaigns.contacts.states import LegalBasis
from sending.planner.lawful.law import Against, Clause, Duty, Need, Rule, Term, rules

_OF_DUTY = {
    Duty.CONSENT: "Asks for a consent or a contract on record: without one the campaign does not start, who comes "
    "later is not taken in, and who is in it already waits.",
    Duty.RECORD: "Asks that a legitimate interest was weighed, on record with their list.",
    Duty.NOTICE: "Tells in the first message where their address is from: a line below it where the wording does not.",
    Duty.ADDRESS: "Sends nothing that does not show the postal address: a line below each message where the wording "
    "and the signature do not; who would get none waits.",
    Duty.OPT_OUT: "Says in each message how to get no more: a line below it, in its language, where no whole sentence "
    "of the wording does; nobody can switch it off.",
}
_BASES = {
    LegalBasis.CONSENT: "a consent",
    LegalBasis.CONTRACT: "a purchase or contract",
    LegalBasis.INQUIRY: "an inquiry",
    LegalBasis.PUBLISHED: "a published address",
}
_USUAL = {LegalBasis.CONSENT, LegalBasis.CONTRACT}
_AGAINST = {
    Against.TEXT: "the words of the law, in a copy that stands elsewhere than the link",
    Against.SUMMARY: "what authorities, chambers and law firms write of it",
    Against.NOTES: "notes of the law alone",
}
_GROUND = "Asks for a ground on record, and shows who has none before a launch."
_BARRED = "Follows no clicks and no opens without their consent."
_FOLLOWED = "Clicks and opens may be followed where a campaign wants it."


@dataclass(frozen=True, slots=True)
class Measures:
    """One rule, what is done for it, and where its law leaves room for a decision of an admin."""

    rule: Rule
    done: Sequence[str]
    laws: Sequence[Clause]
    rooms: Sequence[tuple[Duty, Clause]]
    counts: str  # what counts as a consent, where that is more, or less, than any consent and any contract
    terms: Sequence[Term]  # those of it that have a place in the law
    checked: Sequence[str]  # when what of it was read beside what, in words

    @property
    def names(self) -> str:
        return ", ".join(self.rule.countries.values())


def measures() -> list[Measures]:
    """Return each rule of the table with what is done for it, the strictest first."""
    return [
        Measures(
            rule,
            list(_done(rule)),
            [asked for duty, asked in rule.duties.items() if duty is not Duty.CONSENT or asked.law != rule.law],
            [(duty, asked.room) for duty, asked in rule.duties.items() if asked.room],
            counted_words(rule),
            [term for term in rule.terms if term.law],
            list(_checked(rule)),
        )
        for rule in rules()
    ]


def counted_words(rule: Rule) -> str:
    """Say what counts as the consent that a law needs, "" where each consent and each contract does."""
    if all(term.is_plain for term in rule.terms) and {term.basis for term in rule.terms} in (set(), _USUAL):
        return ""
    said = [_term_words(term) for term in rule.terms if not term.of_companies]
    if any(term.of_companies for term in rule.terms):
        said.append("that they are at companies")
    return f"What counts is on record with the import: {'; '.join(said)}."


def _checked(rule: Rule) -> Iterator[str]:
    """Yield what was read when beside what, the rule with what was read alike."""
    rows = {rule.law: rule.checked, **{asked.law: asked.checked for asked in rule.duties.values()}}
    for one in dict.fromkeys(rows.values()):
        laws = "; ".join(law for law, checked in rows.items() if checked == one)
        yield f"{laws}: on {one.on:%d %B %Y} beside {_AGAINST[one.against]}."


def _term_words(term: Term) -> str:
    words = _BASES[LegalBasis(term.basis)]
    if term.months:
        words += f", for {term.months} months from its day"
    return f"{words}, with page and day" if term.needs_page else words


def _done(rule: Rule) -> Iterator[str]:
    if rule.need is Need.NOTICE:
        yield _GROUND
    for duty in Duty:
        if duty in rule.duties:
            yield _OF_DUTY[duty]
    if Duty.ADDRESS not in rule.duties:
        yield "Shows the postal address below each message, as in all others."
    yield _FOLLOWED if rule.need is Need.IDENTITY else _BARRED
