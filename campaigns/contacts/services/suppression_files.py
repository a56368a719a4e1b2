"""Suppressions from a file: a list that another program kept, or our own export."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from campaigns.contacts.core.dialect import detect_dialect
from campaigns.contacts.core.encoding import EncodingProbe
from campaigns.contacts.core.fields import EMAIL
from campaigns.contacts.core.headings import field_for
from campaigns.contacts.core.suppressing import parse_rule
from campaigns.contacts.core.table import Broken, Table
from campaigns.contacts.errors import BadFile
from campaigns.contacts.services.suppressions import Wish, suppress_all
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.access import Member
from outreach.kit.addresses import BadAddress
from outreach.kit.csvfile import unguarded

SIZE_LIMIT_BYTES = 20 * 1024 * 1024
ERRORS_KEPT = 500
_BATCH = 2_000  # rules; the workspace's gate is shut as long as one is written
_HEAD_LINES = 200
_VALUE = frozenset({"value", "suppression", "domain", "address", "who"})
_EVIDENCE = frozenset({"evidence", "note", "why"})
_GIVEN = frozenset(SuppressionReason) - {SuppressionReason.LOST_HISTORY}


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that names nobody, and why."""

    line: int
    cause: str
    text: str


@dataclass(slots=True)
class Taken:
    """What became of a file. errors holds the first ERRORS_KEPT of `wrong` rows."""

    rows: int = 0
    added: int = 0
    wrong: int = 0
    errors: list[WrongRow] = field(default_factory=list)

    @property
    def known(self) -> int:
        """How many named what was suppressed already, or what a row before them named."""
        return self.rows - self.added - self.wrong


def import_suppressions(member: Member, filename: str, pieces: Iterable[bytes]) -> Taken:
    """Suppress whom the rows of a text name: addresses, domains and wildcards, in any usual encoding and dialect.

    Columns called reason and evidence are understood, as our export has them. Written in batches, each for good: a
    second run of the same file changes nothing. Raises BadFile.
    """
    rows = _rows(pieces)
    taken = Taken()
    columns: Mapping[str, int] | None = None
    wishes: list[Wish] = []
    for line, cells in rows:
        if columns is None:
            columns = _columns(cells)
            if columns is not None:
                continue
            columns = {"value": 0}
        taken.rows += 1
        try:
            wishes.append(_wish(cells, columns, filename))
        except BadAddress as error:
            _refuse(taken, line, error.cause, cells)
        if len(wishes) >= _BATCH:
            taken.added += suppress_all(member.workspace, wishes, by=member.user)
            wishes = []
    if wishes:
        taken.added += suppress_all(member.workspace, wishes, by=member.user)
    if not taken.rows:
        raise BadFile("The file is empty: nobody is named in it.")
    return taken


def _rows(pieces: Iterable[bytes]) -> Iterator[tuple[int, list[str] | Broken]]:
    probe, content = EncodingProbe(), bytearray()
    for piece in pieces:
        content += piece
        if len(content) > SIZE_LIMIT_BYTES:
            raise BadFile(f"The file has more than {SIZE_LIMIT_BYTES // 2**20} MB. Split it.")
        probe.feed(piece)
    text = content.decode(probe.found(), "replace")
    head = list(islice(io.StringIO(text, newline=""), _HEAD_LINES))
    return iter(Table(io.StringIO(text, newline=""), detect_dialect(head, is_whole=len(head) < _HEAD_LINES)))


def _columns(cells: list[str] | Broken) -> Mapping[str, int] | None:
    """Return where the values, reasons and evidence stand; None when the first row is no header."""
    if isinstance(cells, Broken):
        return None
    names = [cell.strip().lower() for cell in cells]
    place = next((at for at, name in enumerate(names) if name in _VALUE or field_for(name) == EMAIL), None)
    if place is None:
        return None
    meanings = {**dict.fromkeys(_EVIDENCE, "evidence"), "reason": "reason"}
    others = {meanings[name]: at for at, name in enumerate(names) if name in meanings}
    return {**others, "value": place}


def _wish(cells: list[str] | Broken, columns: Mapping[str, int], filename: str) -> Wish:
    """Return what a row asks for. Raises BadAddress."""
    if isinstance(cells, Broken):
        raise BadAddress(cells.cause)
    rule = parse_rule(unguarded(_cell(cells, columns["value"])))
    said = _cell(cells, columns.get("reason")).lower().replace(" ", "_")
    reason = SuppressionReason(said) if said in _GIVEN else SuppressionReason.IMPORTED
    words = unguarded(_cell(cells, columns.get("evidence")))
    return Wish(rule, reason, words or f"Imported from {filename}")


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _refuse(taken: Taken, line: int, cause: str, cells: list[str] | Broken) -> None:
    taken.wrong += 1
    if len(taken.errors) < ERRORS_KEPT:
        text = "" if isinstance(cells, Broken) else ", ".join(cells)
        taken.errors.append(WrongRow(line, cause, text[:200]))
