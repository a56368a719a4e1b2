"""What runs have come to: findings, one line for each fault, and the table of the documentation. Knows no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from outreach.embedded.faults import Fault

BEGIN, END = "<!-- written by outreach chaos --table -->", "<!-- end of what is written -->"
_HEAD = (
    "| fault | runs | seeds | accepted | duplicates | lost | in doubt | of at most | settled by a Sent folder "
    "| broken promises | date |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


class NoPlace(Fault):
    """The page has no place for the table."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is left of a run. lost: messages that count as sent and that no server took.

    proved: messages that had been in doubt until their copy was found in a Sent folder.
    """

    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    in_doubt: int = 0
    bound: int = 0
    proved: int = 0
    violations: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Row:
    """All runs of one fault. code: "F2". on: the day they were done."""

    code: str
    title: str
    seeds: Sequence[int]
    findings: Sequence[Findings]
    seconds: float
    on: date

    @property
    def violations(self) -> list[str]:
        return [one for each in self.findings for one in each.violations]

    def total(self, name: str) -> int:
        return sum(int(getattr(one, name)) for one in self.findings)

    def line(self) -> str:
        """Return the row for a terminal."""
        return (
            f"{'FAIL' if self.violations else 'pass'} {self.code:<4} {self.title}: runs {len(self.findings)}, "
            f"seeds {self._seeds()}, accepted {self.total('accepted')}, duplicates {self.total('duplicates')}, "
            f"lost {self.total('lost')}, in doubt {self.total('in_doubt')} of at most {self.total('bound')}, "
            f"settled by a Sent folder {self.total('proved')}, "
            f"{self.seconds:.0f} s"
        )

    def cells(self) -> str:
        """Return the row for the table."""
        counts = [self.total(name) for name in ("accepted", "duplicates", "lost", "in_doubt", "bound", "proved")]
        values = [len(self.findings), self._seeds(), *(f"{count:,}" for count in counts), len(self.violations), self.on]
        return f"| {self.code} {self.title} | " + " | ".join(map(str, values)) + " |\n"

    def _seeds(self) -> str:
        first, last = self.seeds[0], self.seeds[-1]
        return f"{first} to {last}" if last != first else f"{first}"


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Put the rows into the page between its marks; those of other faults stay as they were. Raises NoPlace."""
    before, old, after = parts_of(path)
    kept = {code: line for line in old.splitlines(keepends=True) if (code := _code(line)) is not None}
    kept |= {row.code: row.cells() for row in rows}
    lines = "".join(kept[code] for code in sorted(kept, key=lambda code: int(code[1:])))
    path.write_text(f"{before}{BEGIN}\n{_HEAD}{lines}{END}{after}", encoding="utf-8")


def parts_of(path: Path) -> tuple[str, str, str]:
    """Return what stands before, between and behind the marks of a page. Raises NoPlace."""
    try:
        before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    except OSError as error:
        raise NoPlace(f"{path} cannot be read: {error.strerror}") from error
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{path} has no place for the table: write {BEGIN} and {END} on lines of their own")
    return before, old, after


def _code(line: str) -> str | None:
    """Return the fault that a line of the table is about ("F2"), None for its head."""
    word = line.removeprefix("| ").partition(" ")[0]
    return word if word.startswith("F") and word[1:].isdecimal() else None
