"""Places that a template leaves: found once each, filled in wherever they stand, open where nothing is said."""

from __future__ import annotations

import pytest

from campaigns.library.core.places import Overfull, filled, places_in
from campaigns.templating import Severity, check, check_spin, lint


def test_places_are_found_in_reading_order_each_once() -> None:
    texts = ["About [[your product]]", "I saw [[what you noticed]] and [[ Your  Product ]]. [[]] [[a\nb]] [[ ]] [one]"]
    assert places_in(texts) == ["your product", "what you noticed"]
    assert places_in([], html="<p>[[R&amp;D lead]]</p>") == ["R&D lead"]


def test_places_are_filled_wherever_they_stand_and_others_stay_open() -> None:
    text = "[[ Your product ]] for {{ company }}: [[your product]], [[price]]."
    assert filled(text, {"your product": "Tea"}, most=100) == "Tea for {{ company }}: Tea, [[price]]."
    assert filled(text, {"your product": " \n", "price": "3"}, most=100) == text.replace("[[price]]", "3")
    assert filled("[[a]]", {"a": "[[a]] \\1 {{ city }}"}, most=100) == "[[a]] \\1 {{ city }}"


def test_words_in_html_are_escaped_with_their_quotes() -> None:
    html = "<p>[[R&amp;D lead]]</p>"
    words = {"r&d lead": "<b>{{ first_name|default('you') }}</b>\nand me"}
    assert filled(html, words, most=200, is_html=True) == (
        "<p>&lt;b&gt;{{ first_name|default(&#x27;you&#x27;) }}&lt;/b&gt;<br>and me</p>"
    )


def test_words_that_would_make_a_text_too_long_are_refused_before_they_are_put_in() -> None:
    assert filled("[[a]][[a]]", {"a": "12345"}, most=10) == "1234512345"
    with pytest.raises(Overfull, match="has 25,600,000 characters; 64,000 is the most"):
        filled("[[a]]" * 12_800, {"a": "x" * 2_000}, most=64_000)
    with pytest.raises(Overfull, match="has 12 characters"):
        filled("[[a]]", {"a": "''"}, most=11, is_html=True)


def test_language_reads_an_open_place_as_text_and_the_lint_blocks_it() -> None:
    source = "Hi {{ first_name }}, {I saw|about} [[what you noticed]]."
    assert [*check(source, known={"first_name"}), *check_spin(source)] == []
    assert [one.code for one in lint("A question", source) if one.severity is Severity.BLOCK] == ["open_place"]
