"""Choices of wording: drawn by the seed, blind to template marks."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.templating import check_spin, spin


def test_same_seed_reads_the_same_and_seeds_differ() -> None:
    source = "{a|b|c|d} {e|f|g|h} {i|j|k|l}"
    assert spin(source, seed="7:1") == spin(source, seed="7:1")
    assert len({spin(source, seed=f"7:{contact}") for contact in range(200)}) > 40


def test_draw_is_fixed_for_all_time() -> None:
    assert [spin("{a|b|c} {d|e}", seed=seed) for seed in ("1:1", "1:2", "2:1")] == ["b d", "a d", "c e"]


def test_each_wording_gets_its_share() -> None:
    drawn = Counter(spin("{a|b|c}", seed=str(contact)) for contact in range(3_000))
    assert all(900 < count < 1_100 for count in drawn.values()), drawn
    assert set(drawn) == {"a", "b", "c"}


def test_choices_nest_and_may_be_empty() -> None:
    drawn = {spin("{Hello|Hi {there|you}|}!", seed=str(contact)) for contact in range(100)}
    assert drawn == {"Hello!", "Hi there!", "Hi you!", "!"}


def test_template_marks_are_left_alone() -> None:
    source = "{{ a|default('{x|y}') }}{% if b|d('}}') %}{# {c|d} #}{% endif %}"
    assert spin(source, seed="s") == source
    assert check_spin(source) == []
    assert spin("{Hi {{ a }}|Hi {{ a }}}", seed="s") == "Hi {{ a }}"


def test_escaped_signs_are_the_signs_and_other_backslashes_stay() -> None:
    assert spin(r"\{a\|b\} C:\temp \\server a|b", seed="s") == r"{a|b} C:\temp \\server a|b"


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("Hi\n {a|b", 2, 2, "This { is not closed."),
        ("Hi a|b}", 1, 7, "This } closes nothing."),
        ("Hi {first_name},", 1, 4, "This choice has one wording only."),
        ("{a|" * 11 + "b" + "}" * 11, 1, 31, "Choices are nested more than 10 deep."),
    ],
)
def test_broken_choice_says_where(source: str, line: int, column: int, words: str) -> None:
    (problem,) = check_spin(source)
    assert (problem.line, problem.column, problem.message, problem.code) == (line, column, words, "spin")


def test_single_braces_around_a_name_get_the_variable_as_a_hint() -> None:
    (problem,) = check_spin("Hi {company},")
    assert "{{ company }}" in problem.hint


def test_broken_mark_is_left_to_the_language() -> None:
    assert check_spin("{{ a } {b|c}") == []


@given(st.text(alphabet="ab{}|\\ %#'\"\n", max_size=60), st.text(max_size=5))
def test_whatever_the_check_admits_can_be_drawn_and_holds_only_marks_of_the_source(source: str, seed: str) -> None:
    if check_spin(source):
        return
    try:
        drawn = spin(source, seed=seed)
    except ValueError:
        return  # a mark is broken, or the drawn options join into one: refused, never passed on
    assert len(drawn) <= len(source)
    assert drawn == spin(source, seed=seed)
