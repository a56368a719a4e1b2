"""Which sentences say how to hear no more: no other may take the place of the line that the law asks for."""

from __future__ import annotations

import pytest

from campaigns.templating.lint.saying import says_opt_out
from tests.campaigns.templating.opt_out_sentences import HARMLESS, TRUE

_LANGUAGES = sorted(TRUE)


@pytest.mark.parametrize("language", _LANGUAGES)
def test_sentences_that_say_it_are_known(language: str) -> None:
    assert [one for one in TRUE[language] if not says_opt_out(f"Good day.\n\n{one}\n\nAda")] == []


@pytest.mark.parametrize("language", _LANGUAGES)
def test_sentences_of_sales_are_none(language: str) -> None:
    assert [one for one in HARMLESS[language] if says_opt_out(f"Good day.\n\n{one}\n\nAda")] == []
    assert not says_opt_out(" ".join(HARMLESS[language])), "nor all of them together"


def test_a_sentence_counts_as_a_whole_and_never_as_a_part() -> None:
    (line, *_) = TRUE["en"]
    assert says_opt_out(f"Good day. {line} Ada")
    assert says_opt_out("Good day,\nif you would rather not\nhear from me, just say so.\nAda"), "as it was wrapped"
    assert not says_opt_out(f"Nobody writes: {line}")
    assert not says_opt_out(line.replace("just say so.", "just say so to your boss."))
    assert not says_opt_out(line.replace("just say so.", "just say so, and win a prize."))
    assert not says_opt_out(line.replace("just say so.", "just say so?"))
    assert not says_opt_out("Our clients tell their vendors\nreply stop and I won't write again\nand save hours.")


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    assert not says_opt_out("if you would rather not " * 20_000)
    assert not says_opt_out("please just simply " * 20_000)
