from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns.contacts.core.segments import (
    EVERYBODY,
    All,
    BadQuery,
    DidIt,
    Either,
    Fact,
    Has,
    Node,
    Not,
    TextIs,
    combined,
    parse,
    write,
)
from campaigns.contacts.core.segments.tree import Deed, TextTest, depth_of
from campaigns.contacts.core.segments.values import MOST_CONDITIONS, MOST_DEPTH
from tests.campaigns.contacts.trees import VOCABULARY, trees


@settings(max_examples=150)
@given(trees(st.integers(1, 99)))
def test_what_is_written_is_read_back_as_the_same_condition(node: Node) -> None:
    assume(depth_of(node) <= MOST_DEPTH)
    text = write(node)
    assert parse(text, VOCABULARY) == node
    assert parse(f"  {text.replace(' ', '   ')} ", VOCABULARY) is not None


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from('()" andornotlistis3\x00\t='), max_size=80) | st.text(max_size=40))
def test_any_text_is_a_condition_or_a_named_error(text: str) -> None:
    found = parsed(text)
    if isinstance(found, BadQuery):
        assert found.cause
        assert 0 <= found.place <= len(text) + 1
    else:
        assert parse(write(found), VOCABULARY) == found


def parsed(text: str) -> Node | BadQuery:
    try:
        return parse(text, VOCABULARY)
    except BadQuery as error:
        return error


def test_and_binds_closer_than_or_and_not_closest() -> None:
    vip, fair, on_list = Has(Fact.TAG, "vip"), Has(Fact.TAG, "fair 2026"), Has(Fact.LIST, "3")
    assert parse('not tag is VIP and tag is "fair 2026" or list is 003', VOCABULARY) == Either(
        (All((Not(vip), fair)), on_list)
    )
    assert parse("company is Acme", VOCABULARY) == TextIs("company", TextTest.IS, "acme")
    assert parse("replied last 30 in 12", VOCABULARY) == DidIt(Deed.REPLIED, 30, 12)
    assert parse("  ", VOCABULARY) == EVERYBODY


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("colour is red", "“colour” is no field", 1),
        ("company like x", "company is a text: one of is, contains, begins, empty is expected, not “like”", 9),
        ("company is", "ends where what company is is expected", 11),
        ("company is and", "“and” stands where what company is", 12),
        ("fields.seats over many", "no number such as 1234.5", 19),
        ("fields.seats contains 3", "fields.seats is a number", 14),
        ("fields.renewal before 2026-02-30", "no date such as", 23),
        ("added empty", "added is a date", 7),
        ("added last 0", "from 1 to 3,650", 12),
        ("fields.customer is maybe", "yes or no, never “maybe”", 20),
        ("list is leads", "not the number of a list", 9),
        ("verdict is good", "no verdict; there are unchecked, valid", 12),
        ("(tag is a or tag is b", "ends where “)” is expected", 22),
        ("tag is a)", "“)” stands where “and” or “or”", 9),
        ('company is "acme', "never closed", 12),
        ('"company" is x', "“company” is no field", 1),
        ('company is ""', "the test “empty” asks for it", 12),
        ("mailed in soon", "not the number of a campaign", 11),
        ("forwarded", "“forwarded” is no field", 1),
        ("not " * (MOST_DEPTH + 1) + "suppressed", "deep in each other", 4 * MOST_DEPTH + 1),
        (" and ".join(["suppressed"] * (MOST_CONDITIONS + 1)), f"more than {MOST_CONDITIONS} conditions", 601),
        ("company is " + "x" * 5_000, "characters; 4,000 fit", 0),
    ],
)
def test_each_error_is_named_with_its_place(text: str, words: str, place: int) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text, VOCABULARY)
    assert words in caught.value.cause
    assert caught.value.place == place


def test_segments_are_put_in_place_and_circles_refused() -> None:
    segments: dict[int, Node] = {
        1: Has(Fact.TAG, "vip"),
        2: Not(Has(Fact.SEGMENT, "1")),
        3: All((Has(Fact.SEGMENT, "4"), Has(Fact.SUPPRESSED))),
        4: Has(Fact.SEGMENT, "3"),
        **{10 + n: All((Has(Fact.SEGMENT, str(11 + n)), Has(Fact.SEGMENT, str(11 + n)))) for n in range(4)},
        14: Either(tuple(Has(Fact.TAG, str(n)) for n in range(20))),
    }
    node = Either((Has(Fact.SEGMENT, "2"), Has(Fact.SUPPRESSED)))
    assert combined(node, segments.__getitem__) == Either((Not(Has(Fact.TAG, "vip")), Has(Fact.SUPPRESSED)))
    with pytest.raises(BadQuery, match="part of itself"):
        combined(Has(Fact.SEGMENT, "3"), segments.__getitem__)
    with pytest.raises(BadQuery, match="these are 320 conditions"):
        combined(Has(Fact.SEGMENT, "10"), segments.__getitem__)
