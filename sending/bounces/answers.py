"""What a person's answer says: positive, negative, a referral, not now; by plain words that are data. Pure.

Rules come before anything cleverer, and precision before recall: what is long, asks back, or says two things at once is
left to a person.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from sending.bounces.absence import date_in
from sending.bounces.kinds import Evidence
from sending.bounces.mail import Mail
from sending.bounces.quoting import split
from sending.bounces.recipients import addresses_in
from sending.bounces.rules import Wording, met_by, wordings

LAYER = "answer"
MOST_WORDS = 120
_SURE_WORDS = 40  # a longer answer has more to say than its rule
_NEAR = 160  # signs around "not now" in which its date is looked for
_MONTH = timedelta(days=30)
_SPACES = re.compile(r"\s+")
_LEADING = re.compile(r"(?<!\w)[(\[\"'*_>-]{1,8}(?=\w)")  # bounded: a run of thousands is walked once
_AHEAD = re.compile(
    r"\b(\d{1,2}|a|an|one|two|three|six|einem|einer|zwei|drei|sechs|un|une|deux|trois|dos|tres|seis|due|tre|sei|een|twee"
    r"|drie|zes|dwa|trzy|sześć)\s+"
    r"(week|weeks|woche|wochen|semaines?|semanas?|settiman[ae]|we(?:ek|ken)|tygodni[ea]?"
    r"|months?|monate?n?|mois|mes|meses|mesi|mese|maanden?|miesi[aą]c[ea]?|miesięcy|quarters?|quartale?n?"
    r"|years?|jahre?n?|ans?|años?|anni|anno|jaar|lata?)\b"
)
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "einem": 1, "einer": 1, "un": 1, "une": 1, "een": 1,
    "two": 2, "zwei": 2, "deux": 2, "dos": 2, "due": 2, "twee": 2, "dwa": 2,
    "three": 3, "drei": 3, "trois": 3, "tres": 3, "tre": 3, "drie": 3, "trzy": 3,
    "six": 6, "sechs": 6, "seis": 6, "sei": 6, "zes": 6, "sześć": 6,
}  # fmt: skip
_NEXT_YEAR = ("next year", "nächstes jahr", "nächsten jahr", "l'année prochaine", "próximo año", "anno prossimo",
              "volgend jaar", "przyszłym roku", "próximo ano")  # fmt: skip
_NEXT_QUARTER = ("next quarter", "nächstes quartal", "nächsten quartal", "prochain trimestre", "próximo trimestre")


class Says(StrEnum):
    """What an answer says, as far as words tell; the values are those of campaigns.sequences.states.ReplyClass."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    REFERRAL = "referral"
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Wordings of one class, with their source and an example."""

    id: str
    says: Says
    is_certain: bool
    words: tuple[Wording, ...]
    source: str
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer seems to say, because of which words. is_certain: it may lead somebody on by itself.

    address: whom a referral names; "" where it names nobody. on: the day from which "not now" may be asked again.
    """

    says: Says
    evidence: Evidence
    is_certain: bool
    address: str = ""
    on: date | None = None


def answer_of(mail: Mail, *, received: date) -> Answer | None:
    """Return what a person's answer says, None where no rule knows, or rules of several classes are met."""
    own = split(mail.text[:20_000]).own
    count = len(own.split())
    if not count or count > MOST_WORDS:
        return None
    told = told_in(own)
    found = _met(told)
    classes = {rule.says for rule, _ in found}
    # "Not interested at the moment" is no for now, "not interested, ask Bob" is about Bob, and "I'm not interested"
    # holds the words of both.
    if Says.REFERRAL in classes:
        classes &= {Says.REFERRAL}
    elif Says.NOT_NOW in classes:
        classes -= {Says.NEGATIVE}
    if len(classes) != 1:
        return None
    (says,) = classes
    rule, met = next((rule, met) for rule, met in found if rule.says is says)
    alone = len({one.says for one, _ in found}) == 1
    is_certain = rule.is_certain and alone and count <= _SURE_WORDS and "?" not in own[: own.lower().find(met[:20]) + 1]
    return Answer(
        says,
        Evidence(LAYER, rule.id, met),
        is_certain,
        address=_named(mail, own) if says is Says.REFERRAL else "",
        on=asked_again(told, received) if says is Says.NOT_NOW else None,
    )


def _met(told: str) -> list[tuple[AnswerRule, str]]:
    """Return the rules that the text meets, each with its words; words of a wish inside those of a refusal are none.

    "No nos interesa" holds "nos interesa", as "non siamo interessati" does "siamo interessati".
    """
    wished = told
    for rule in answer_rules():
        if rule.says is Says.NEGATIVE:
            for met in filter(None, (met_by(told, wording) for wording in rule.words)):
                wished = wished.replace(met, " ")
    texts = {Says.POSITIVE: wished}
    return [
        (rule, met)
        for rule in answer_rules()
        if (met := next((x for w in rule.words if (x := met_by(texts.get(rule.says, told), w))), ""))
    ]


def told_in(own: str) -> str:
    """Return the words of an answer as rules know them: lower case, straight quotes, single spaces around them."""
    text = own.replace("\u2019", "'").replace("`", "'").lower()
    return f" {_SPACES.sub(' ', _LEADING.sub('', text)).strip()} "


def asked_again(told: str, received: date) -> date | None:
    """Return the day from which somebody may be asked again, where the answer plainly says one; two years at most."""
    found = date_in(told, received.year)
    if found is None and (ahead := _AHEAD.search(told)):
        number = int(ahead[1]) if ahead[1].isdigit() else _NUMBERS[ahead[1]]
        unit = ahead[2]
        days = (
            7 if unit.startswith(("we", "wo", "sem", "sett", "tyg"))
            else 91 if unit.startswith("quart")
            else 365 if unit.startswith(("y", "j", "an", "añ", "la"))
            else 30
        )  # fmt: skip
        found = received + timedelta(days=number * days)
    if found is None and any(one in told for one in _NEXT_YEAR):
        found = date(received.year + 1, 1, 8)
    if found is None and any(one in told for one in _NEXT_QUARTER):
        month = (received.month - 1) // 3 * 3 + 4
        found = date(received.year + (month > 12), (month - 1) % 12 + 1, 1)
    if found is not None and found <= received:
        found = found.replace(year=found.year + 1) if (found.month, found.day) != (2, 29) else None
    return found if found is not None and received < found <= received + timedelta(days=731) else None


def _named(mail: Mail, own: str) -> str:
    """Return the address that the writer names beside their own and ours."""
    known = {mail.from_address.lower(), *(one.lower() for one in mail.to)}
    return next((one for one in addresses_in(own[:4_000]) if one.lower() not in known), "")


@cache
def answer_rules() -> tuple[AnswerRule, ...]:
    """Return the rules of data/answers.toml in their order."""
    table = tomllib.loads((files("sending.bounces") / "data" / "answers.toml").read_text(encoding="utf-8"))
    return tuple(
        AnswerRule(one["id"], Says(one["says"]), one["certain"], wordings(one["words"]), one["source"], one["example"])
        for one in table["rule"]
    )
