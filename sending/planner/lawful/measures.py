"""What the program does for the people of each country: the law table in the words of its page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sending.planner.lawful.law import Clause, Duty, Need, Rule, rules

_OF_DUTY = {
    Duty.CONSENT: "Asks for a consent or a contract on record: without one the campaign does not start, who comes "
    "later is not taken in, and who is in it already waits.",
    Duty.RECORD: "Asks that a legitimate interest was weighed, on record with their list.",
    Duty.NOTICE: "Tells in the first message where their address is from: a line below it where the wording does not.",
    Duty.ADDRESS: "Sends nothing that does not show the postal address: a line below each message where the wording "
    "and the signature do not; who would get none waits.",
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

    @property
    def names(self) -> str:
        return ", ".join(self.rule.countries.values())


def measures() -> list[Measures]:
    """Return each rule of the table with what is done for it, the strictest first."""
    return [
        Measures(
            rule,
            list(_done(rule)),
            [asked for duty, asked in rule.duties.items() if duty is not Duty.CONSENT],
            [(duty, asked.room) for duty, asked in rule.duties.items() if asked.room],
        )
        for rule in rules()
    ]


def _done(rule: Rule) -> Iterator[str]:
    if rule.need is Need.NOTICE:
        yield _GROUND
    for duty in Duty:
        if duty in rule.duties:
            yield _OF_DUTY[duty]
    if Duty.ADDRESS not in rule.duties:
        yield "Shows the postal address below each message, as in all others."
    yield _FOLLOWED if rule.need is Need.IDENTITY else _BARRED
