"""Conditions at random over few values, so that they hold for some and not for others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.segments import (
    All,
    DayIs,
    DayTest,
    Deed,
    DidIt,
    Either,
    Fact,
    Has,
    Node,
    Not,
    NumberIs,
    NumberTest,
    TextIs,
    TextTest,
    Vocabulary,
)

VOCABULARY = Vocabulary({"seats": FieldKind.NUMBER, "renewal": FieldKind.DATE, "customer": FieldKind.YES_NO})
TEXTS = ("ada", "acme", "a", "münchen", "100%", 'the "best"', "and", "_", "x.com", "de", "igdir", "\u03c3")
_TEXT_FIELDS = ("email", "domain", "company", "first_name", "city", "country", "time_zone", "fields.note")
_VALUES = st.sampled_from(TEXTS)
_TESTS = st.sampled_from([TextTest.IS, TextTest.CONTAINS, TextTest.BEGINS])
_DAYS = st.sampled_from([1, 7, 30, 400])
_DATES = st.sampled_from([date(2026, 10, 25), date(2026, 11, 5), date(2027, 1, 1)])
_ABSOLUTE = st.sampled_from([DayTest.BEFORE, DayTest.AFTER, DayTest.ON])
_RELATIVE = st.sampled_from([DayTest.LAST, DayTest.NEXT, DayTest.OLDER])


def leaves(ids: st.SearchStrategy[int]) -> st.SearchStrategy[Node]:
    """Return single conditions; ids are those of lists, imports and campaigns."""
    numbers = st.sampled_from([Decimal(-1), Decimal(0), Decimal(10), Decimal("10.5")])
    day_field = st.sampled_from(["added", "fields.renewal"])
    choices = [
        *((Fact.VERDICT, value) for value in ("valid", "unchecked")),
        *((Fact.PROVIDER, value) for value in ("google", "unknown")),
        *((Fact.TAG, value) for value in ("vip", "fair 2026")),
        (Fact.SUPPRESSED, ""),
    ]
    return st.one_of(
        st.builds(TextIs, st.sampled_from(_TEXT_FIELDS), _TESTS, _VALUES),
        st.builds(TextIs, st.just("fields.customer"), st.just(TextTest.IS), st.sampled_from(["yes", "no"])),
        st.builds(
            TextIs,
            st.sampled_from([*_TEXT_FIELDS, "fields.seats", "fields.renewal", "fields.customer"]),
            st.just(TextTest.EMPTY),
        ),
        st.builds(NumberIs, st.just("fields.seats"), st.sampled_from(NumberTest), numbers),
        st.builds(DayIs, day_field, _ABSOLUTE, _DATES),
        st.builds(lambda field, test, days: DayIs(field, test, None, days), day_field, _RELATIVE, _DAYS),
        st.sampled_from([Has(fact, value) for fact, value in choices]),
        st.builds(lambda fact, pk: Has(fact, str(pk)), st.sampled_from([Fact.LIST, Fact.IMPORT]), ids),
        st.builds(DidIt, st.sampled_from(Deed), st.none() | _DAYS, st.none() | ids),
    )


def trees(ids: st.SearchStrategy[int]) -> st.SearchStrategy[Node]:
    """Return conditions in groups and negations, at most some deep; a group has two parts at least, as a text has."""

    def grown(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(parts, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(All, several), st.builds(Either, several), st.builds(Not, parts))

    return st.recursive(leaves(ids), grown, max_leaves=8)
