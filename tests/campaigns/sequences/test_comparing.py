"""What changed between two texts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.sequences.comparing import Kind, Piece, compare

texts = st.text(st.sampled_from("ab \n<"), max_size=60)


def test_the_words_that_went_and_came_stand_side_by_side() -> None:
    assert compare("Hi old friend,\nbye\n", "Hi new friend,\nbye\n") == [
        Piece(Kind.SAME, "Hi "),
        Piece(Kind.GONE, "old "),
        Piece(Kind.NEW, "new "),
        Piece(Kind.SAME, "friend,\nbye\n"),
    ]


@settings(derandomize=True)
@given(texts, texts)
def test_both_texts_are_in_the_pieces_whole(before: str, after: str) -> None:
    pieces = compare(before, after)
    assert "".join(one.text for one in pieces if one.kind is not Kind.NEW) == before
    assert "".join(one.text for one in pieces if one.kind is not Kind.GONE) == after


def test_texts_beyond_measure_are_shown_whole() -> None:
    before, after = "a\n" * 601, "b " * 501
    assert compare(before, after) == [Piece(Kind.GONE, before), Piece(Kind.NEW, after)]
