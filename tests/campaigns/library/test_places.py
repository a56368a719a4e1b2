"""Places that a template leaves: found once each, filled in wherever they stand, open where nothing is said."""

from __future__ import annotations

from campaigns.library.core.places import filled, places_in
from campaigns.templating import Severity, check, check_spin, lint


def test_places_are_found_in_reading_order_each_once() -> None:
    texts = ["About [[your product]]", "I saw [[what you noticed]] and [[ Your  Product ]]. [[]] [[a\nb]] [[ ]] [one]"]
    assert places_in(texts) == ["your product", "what you noticed"]
    assert places_in([], html="<p>[[R&amp;D lead]]</p>") == ["R&D lead"]


def test_places_are_filled_wherever_they_stand_and_others_stay_open() -> None:
    text = "[[ Your product ]] for {{ company }}: [[your product]], [[price]]."
    assert filled(text, {"your product": "Tea"}) == "Tea for {{ company }}: Tea, [[price]]."
    assert filled(text, {"your product": " \n", "price": "3"}) == text.replace("[[price]]", "3")
    assert filled("[[a]]", {"a": "[[a]] \\1 {{ city }}"}) == "[[a]] \\1 {{ city }}"


def test_words_in_html_are_escaped_but_variables_among_them_still_work() -> None:
    html = "<p>[[R&amp;D lead]]</p>"
    words = {"r&d lead": "<b>{{ first_name|default('you') }}</b>\nand me"}
    assert filled(html, words, is_html=True) == ("<p>&lt;b&gt;{{ first_name|default('you') }}&lt;/b&gt;<br>and me</p>")


def test_language_reads_an_open_place_as_text_and_the_lint_blocks_it() -> None:
    source = "Hi {{ first_name }}, {I saw|about} [[what you noticed]]."
    assert [*check(source, known={"first_name"}), *check_spin(source)] == []
    assert [one.code for one in lint("A question", source) if one.severity is Severity.BLOCK] == ["open_place"]
