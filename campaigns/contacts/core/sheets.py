"""A sheet of a workbook as it is stored: a run of chunks of CSV."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from campaigns.contacts.core.dialect import Dialect

ENCODING = "utf-8"
DIALECT = Dialect()  # in which unpack writes sheets


def detect(_lines: list[str]) -> tuple[Dialect, float]:
    """Return how a sheet is written: always so, and with rows of one width."""
    return DIALECT, 1.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, how many rows have something in them, and which chunks hold it."""

    name: str
    rows: int
    first_chunk: int
    chunks: int
    size_bytes: int

    def as_json(self) -> dict[str, object]:
        return asdict(self)
