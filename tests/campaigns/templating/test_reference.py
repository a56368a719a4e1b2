"""The reference tells everything that the language has, and every example in it is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.templating import STANDARD, check, check_spin, compile_template, reference, render, spin
from campaigns.templating.filters import FILTERS
from campaigns.templating.reference import CHOICES, CONDITIONS, FILTER_ENTRIES, MISSING, SAMPLE, Entry

ENTRIES = [*MISSING, *CONDITIONS, *FILTER_ENTRIES, *CHOICES]
PAGE = (Path(__file__).resolve().parents[3] / "docs/templates.md").read_text()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one.form)
def test_example_reads_as_it_is_told(entry: Entry) -> None:
    assert check(entry.example, known=[*STANDARD, "nickname", "employees", "signed_on"]) == []
    assert check_spin(entry.example) == []
    assert render(compile_template(spin(entry.example, seed="s")), SAMPLE) == entry.reads


def test_every_filter_has_its_entry_and_no_other() -> None:
    assert [entry.form.partition("(")[0] for entry in FILTER_ENTRIES] == list(FILTERS)


def test_the_written_reference_names_every_filter_variable_and_limit() -> None:
    for name in [*FILTERS, *STANDARD]:
        assert f"`{name}" in PAGE, name
    for what, most in reference.LIMITS:
        assert f"| {what} | {most} |" in PAGE, what
    assert f"There are no {reference.ABSENT}." in PAGE
