"""From which template a version of a wording came: by the text it became, through edits, undo and other templates."""

from __future__ import annotations

from campaigns.library.core.origins import Origin, Text, digest_of, origins

USES = {"tea": 1, "coffee": 2}


def test_what_is_written_on_top_keeps_its_origin_and_says_that_it_is_changed() -> None:
    texts = [Text(1, "own"), Text(2, "tea"), Text(3, "tea and more"), Text(4, "tea and much more")]
    changed = Origin(1, is_changed=True)
    assert origins(texts, USES) == {2: Origin(1), 3: changed, 4: changed}


def test_another_template_takes_its_place_and_a_return_to_the_text_is_no_change() -> None:
    texts = [Text(1, "tea"), Text(2, "tea and more"), Text(3, "coffee"), Text(4, "coffee, too"), Text(5, "tea")]
    assert origins(texts, USES) == {
        1: Origin(1),
        2: Origin(1, is_changed=True),
        3: Origin(2),
        4: Origin(2, is_changed=True),
        5: Origin(1),
    }


def test_what_is_brought_back_has_the_origin_that_it_had_then_or_none() -> None:
    texts = [
        Text(1, "own"),
        Text(2, "tea"),
        Text(3, "tea and more"),
        Text(4, "own", came_from=1),
        Text(5, "own and more"),
        Text(6, "tea and more", came_from=3),
    ]
    assert origins(texts, USES) == {2: Origin(1), 3: Origin(1, is_changed=True), 6: Origin(1, is_changed=True)}


def test_order_in_which_versions_are_read_is_no_matter_and_lost_ones_are_passed_over() -> None:
    assert origins([Text(9, "more"), Text(4, "tea"), Text(12, "x", came_from=2)], USES) == {
        4: Origin(1),
        9: Origin(1, is_changed=True),
    }


def test_text_and_html_are_not_taken_for_each_other() -> None:
    assert len({digest_of("a", ""), digest_of("", "a"), digest_of("a", "b"), digest_of("ab", "")}) == 4
