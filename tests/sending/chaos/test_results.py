"""The table of the documentation: written between two marks, other faults kept, told early where it has no place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from outreach.cli import main
from sending.chaos.results import BEGIN, END, Findings, NoPlace, Row, write_table

DAY = date(2026, 11, 26)


def row(code: str, *findings: Findings, seed: int = 7) -> Row:
    return Row(code, "something breaks", range(seed, seed + len(findings)), findings, 3.0, DAY)


def test_a_row_adds_up_its_runs() -> None:
    two = row(
        "F2",
        Findings(accepted=1000, in_doubt=3, bound=8, proved=5),
        Findings(accepted=500, duplicates=1, lost=2, bound=4, violations=("O1 twice", "O2 lost")),
    )
    assert two.cells() == "| F2 something breaks | 2 | 7 to 8 | 1,500 | 1 | 2 | 3 | 12 | 5 | 2 | 2026-11-26 |\n"
    assert two.line() == (
        "FAIL F2   something breaks: runs 2, seeds 7 to 8, accepted 1500, duplicates 1, lost 2, "
        "in doubt 3 of at most 12, settled by a Sent folder 5, 3 s"
    )
    assert row("F3", Findings()).line().startswith("pass F3 ")


def test_rows_are_replaced_and_the_others_stay_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    write_table(page, [row("F16", Findings(accepted=1)), row("F2", Findings(accepted=2))])
    write_table(page, [row("F2", Findings(accepted=3), seed=9)])
    lines = page.read_text().splitlines()
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("before", BEGIN, END, "after")
    assert [line[:10] for line in lines[4:-2]] == ["| F2 somet", "| F16 some"]
    assert "| 9 | 3 | 0 |" in lines[4]
    assert "| 7 | 1 | 0 |" in lines[5]


def test_a_page_without_the_marks_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(NoPlace):
        write_table(page, [])
    assert main(["chaos", "F2", "--table", str(page)]) == 1
    assert "has no place for the table" in capsys.readouterr().err
    assert main(["chaos", "F2", "--table", str(tmp_path / "none.md")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_page_of_this_project_has_the_place() -> None:
    page = Path(__file__).parents[3] / "docs/reliability.md"
    assert page.read_text().count(BEGIN) == page.read_text().count(END) == 1
