"""Read a condition as it stands in a URL: `country is DE and not tag is vip and (list is 3 or replied last 30)`.

    either    = all ("or" all)*
    all       = one ("and" one)*
    one       = "not" one | "(" either ")" | condition
    condition = FIELD ("is" | "contains" | "begins") VALUE | FIELD "empty"
              | FIELD ("equals" | "over" | "under" | "least" | "most") NUMBER
              | FIELD ("before" | "after" | "on") DATE | FIELD ("last" | "next" | "older") DAYS
              | FACT "is" VALUE | "suppressed" | DEED ("last" DAYS)? ("in" CAMPAIGN)?

A value of several words, or one that means something else, stands in double quotes; two of them in it are one. A text
comes from anybody's URL: its length, depth and number of conditions are bounded before anything is built from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from campaigns.contacts.core.segments.errors import BadQuery
from campaigns.contacts.core.segments.tree import (
    EVERYBODY,
    RELATIVE,
    All,
    DayIs,
    DayTest,
    Deed,
    DidIt,
    Either,
    Fact,
    Has,
    Leaf,
    Node,
    Not,
    NumberIs,
    NumberTest,
    TextIs,
    TextTest,
)
from campaigns.contacts.core.segments.values import (
    LENGTH_LIMIT,
    MOST_CONDITIONS,
    MOST_DEPTH,
    day_from,
    days_from,
    fact_value,
    number_from,
    text_value,
)
from campaigns.contacts.core.segments.vocabulary import Kind, Vocabulary, tests_of

__all__ = ["LENGTH_LIMIT", "parse"]

_TOKEN = re.compile(r'\s*(?:(?P<mark>[()])|"(?P<quoted>(?:[^"]|"")*)"|(?P<word>[^\s()"]+)|(?P<open>"))')
_KIND_WORDS = {
    Kind.TEXT: "a text", Kind.YES_NO: "yes or no", Kind.NUMBER: "a number", Kind.DAY: "a date",
}  # fmt: skip


def parse(text: str, vocabulary: Vocabulary) -> Node:
    """Return the condition that the text says; nothing says EVERYBODY. Raises BadQuery with the place."""
    if len(text) > LENGTH_LIMIT:
        raise BadQuery(f"The condition has {len(text):,} characters; {LENGTH_LIMIT:,} fit.")
    if "\0" in text:
        raise BadQuery("There is a character that no condition has.", text.index("\0") + 1)
    tokens = _tokens(text)
    if not tokens:
        return EVERYBODY
    reader = _Reader(tokens, vocabulary, len(text) + 1)
    node = reader.either(0)
    if (rest := reader.peek()) is not None:
        raise BadQuery(f"“{rest.text}” stands where “and” or “or” is expected.", rest.place)
    return node


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    place: int
    is_quoted: bool = False

    def says(self, *words: str) -> bool:
        return not self.is_quoted and self.text.lower() in words


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text) and (one := _TOKEN.match(text, at)) is not None:
        kind = one.lastgroup or ""
        place = one.start(kind) + (kind != "quoted")
        if kind == "open":
            raise BadQuery("A quotation mark is opened and never closed.", place)
        value = one[kind].replace('""', '"') if kind == "quoted" else one[kind]
        found.append(_Token(value, place, is_quoted=kind == "quoted"))
        at = one.end()
    return found


class _Reader:
    """Goes through the tokens from left to right."""

    def __init__(self, tokens: list[_Token], vocabulary: Vocabulary, end: int) -> None:
        self._tokens = tokens
        self._vocabulary = vocabulary
        self._end = end
        self._at = 0
        self._conditions = 0

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def either(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while (token := self.peek()) is not None and token.says("or"):
            self._at += 1
            parts.append(self._all(depth))
        return Either(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while (token := self.peek()) is not None and token.says("and"):
            self._at += 1
            parts.append(self._one(depth))
        return All(tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self, depth: int) -> Node:
        token = self._take("a condition")
        if token.says("not"):
            self._refuse_deep(depth, token)
            return Not(self._one(depth + 1))
        if token.says("("):
            self._refuse_deep(depth, token)
            inner = self.either(depth + 1)
            closing = self._take("“)”")
            if not closing.says(")"):
                raise BadQuery(f"“{closing.text}” stands where “and”, “or” or “)” is expected.", closing.place)
            return inner
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise BadQuery(f"There are more than {MOST_CONDITIONS} conditions.", token.place)
        return self._condition(token)

    def _refuse_deep(self, depth: int, token: _Token) -> None:
        if depth >= MOST_DEPTH:
            raise BadQuery(f"Conditions lie more than {MOST_DEPTH} deep in each other.", token.place)

    def _condition(self, token: _Token) -> Leaf:
        name = token.text.lower()
        if not token.is_quoted and name in set(Deed):
            return self._deed(Deed(name))
        if not token.is_quoted and name == Fact.SUPPRESSED:
            return Has(Fact.SUPPRESSED)
        if not token.is_quoted and name in set(Fact):
            return self._fact(Fact(name))
        kind = None if token.is_quoted else self._vocabulary.kind_of(name)
        if kind is None:
            raise BadQuery(
                f"“{token.text[:60]}” is no field of a contact, and nothing else that is known.", token.place
            )
        return self._field(name, kind)

    def _field(self, name: str, kind: Kind) -> Leaf:
        token = self._take(f"a test of {name}")
        test, tests = token.text.lower(), tests_of(name, kind)
        if token.is_quoted or test not in tests:
            words = ", ".join(tests)
            raise BadQuery(
                f"{name} is {_KIND_WORDS[kind]}: one of {words} is expected, not “{token.text[:60]}”.", token.place
            )
        if test == TextTest.EMPTY:
            return TextIs(name, TextTest.EMPTY)
        value = self._take(f"what {name} {test}", takes_word=True)
        if kind is Kind.NUMBER:
            return NumberIs(name, NumberTest(test), number_from(value.text, value.place))
        if kind is Kind.DAY and test in RELATIVE:
            return DayIs(name, DayTest(test), days=days_from(value.text, value.place))
        if kind is Kind.DAY:
            return DayIs(name, DayTest(test), day=day_from(value.text, value.place))
        return TextIs(name, TextTest(test), text_value(name, kind, value.text, value.place))

    def _fact(self, fact: Fact) -> Has:
        token = self._take(f"“is” behind {fact.value}")
        if not token.says("is"):
            raise BadQuery(f"“is” is expected behind {fact.value}, not “{token.text[:60]}”.", token.place)
        value = self._take(f"which {fact.value}", takes_word=True)
        return Has(fact, fact_value(fact, value.text, value.place))

    def _deed(self, deed: Deed) -> DidIt:
        days = campaign = None
        if (token := self.peek()) is not None and token.says("last"):
            self._at += 1
            value = self._take("a number of days")
            days = days_from(value.text, value.place)
        if (token := self.peek()) is not None and token.says("in"):
            self._at += 1
            value = self._take("the number of a campaign")
            campaign = int(fact_value(Fact.LIST, value.text, value.place, thing="campaign"))
        return DidIt(deed, days, campaign)

    def _take(self, wanted: str, *, takes_word: bool = False) -> _Token:
        token = self.peek()
        if token is None:
            raise BadQuery(f"The condition ends where {wanted} is expected.", self._end)
        if takes_word and token.says("and", "or", "not", "(", ")"):
            raise BadQuery(
                f"“{token.text}” stands where {wanted} is expected; put it in quotation marks if it is meant.",
                token.place,
            )
        self._at += 1
        return token
