"""Turn the pieces of a stored file into rows with line numbers; a broken row costs that row and no other."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from campaigns.contacts.core.dialect import Dialect
from campaigns.contacts.errors import BadFile

# A row of more lines, or a cell of more characters (csv's own limit), is a quotation mark that was never
# closed.
ROW_LINES = 1_000
_RECOVERIES = 1_000  # each reads up to ROW_LINES again: bounds the work that a hostile file can ask for


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that cannot be told apart into cells."""

    cause: str


class Pieces(io.RawIOBase):
    """The bytes of a stored file as a stream, counting how many have been read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # mypy knows only Buffer
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self.bytes_read += size
        return size


def open_text(pieces: io.RawIOBase, encoding: str) -> io.TextIOWrapper:
    """Return the text of the file: lines keep their ends (CR, LF, CRLF), damaged bytes become U+FFFD."""
    buffered = io.BufferedReader(pieces, 256 * 1024)
    return io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading of a text stands between two rows: from here it goes on as if it had never stopped."""

    line: int = 0  # of the row to come; 0 = at the beginning, before the lines that are skipped
    recoveries: int = 0


class Table:
    """The rows of a text: iterate for (line, cells or Broken); blank rows are left out.

    line counts from 1 and names the first line of the row. `raw` is the text of the row that came last, `mark` where
    its reading stands behind it: a table over the same lines goes on there. Raises BadFile when its quotation marks
    cannot be followed at all.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect, begin: Mark | None = None) -> None:
        self._lines = iter(lines)
        self._dialect = dialect
        self._begin = begin or Mark()
        self._again: deque[str] = deque()  # lines to be read a second time
        self._taken: list[str] = []  # lines of the current row
        self._line = 1  # the first of them
        self._recoveries = self._begin.recoveries

    @property
    def raw(self) -> str:
        return "".join(self._taken)

    @property
    def mark(self) -> Mark:
        return Mark(self._line + len(self._taken), self._recoveries)

    def __iter__(self) -> Iterator[tuple[int, list[str] | Broken]]:
        taken = self._taken
        self._line = self._skip()
        while True:
            rows = self._dialect.reader(self._feed())
            while True:
                taken.clear()
                try:
                    cells = next(rows, None)
                except csv.Error:
                    broken = True
                else:
                    broken = len(taken) > 1 and self._is_doubtful()
                if broken:
                    yield self._line, self._give_back()
                    self._line += 1
                    break
                if cells is None:
                    return
                if cells and (cells[0].strip() or "".join(cells).strip()):
                    yield self._line, cells
                self._line += len(taken)

    def _skip(self) -> int:
        """Pass over what was read before, or is no row; return the number of the line behind it."""
        lines = self._begin.line - 1 if self._begin.line else self._dialect.skip_lines
        for _ in islice(self._lines, lines):
            pass
        return lines + 1

    def _feed(self) -> Iterator[str]:
        """Hand lines to csv, first those to be read again, and remember which ones this row took."""
        taken, again = self._taken, self._again
        while again:
            taken.append(again.popleft())
            if len(taken) > ROW_LINES:
                return
            yield taken[-1]
        for text in self._lines:
            taken.append(text)
            if len(taken) > ROW_LINES:
                return
            yield text

    def _is_doubtful(self) -> bool:
        """Say whether a row of several lines is unclean: its quote may have swallowed the rows behind it.

        That is so when the input ended inside a cell, and when text stands behind a closing mark, as in
        'a@x.com,"never closed' + 'b@x.com,"ok"', where the mark before "ok" would close the cell opened
        above.
        """
        if len(self._taken) > ROW_LINES:
            return True
        try:
            list(self._dialect.reader(self._taken, strict=True))
        except csv.Error:
            return True
        return False

    def _give_back(self) -> Broken:
        """Keep the first line as the broken one, and put those behind it back."""
        self._recoveries += 1
        if self._recoveries > _RECOVERIES:
            raise BadFile(
                "The quotation marks of this file do not pair up: more than "
                f"{_RECOVERIES:,} of them are opened and never closed. Export it again with another quoting."
            )
        behind = self._taken[1:]
        del self._taken[1:]
        self._again.extendleft(reversed(behind))
        if not behind:
            return Broken(f"A cell has more than {csv.field_size_limit():,} characters.")
        return Broken("A quotation mark is opened here and never closed.")
