"""What one row becomes: the values of a contact, or a rejection with its cause. The hot loop of an import.

A contact is never lost for the sake of a minor value: only the address can reject a row. A zone, country or
text that cannot be used is left empty and noted, so that the result page says how many and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import gt, itemgetter
from typing import TypeVar

from campaigns.calendar import find_zone
from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.countries import parse_country
from campaigns.contacts.core.fields import (
    COUNTRY,
    CUSTOM_LIMIT,
    CUSTOM_PREFIX,
    EMAIL,
    FULL_NAME,
    LABELS,
    SUBSCRIBER,
    TEXT_LIMITS,
    TIME_ZONE,
    FieldKind,
)
from campaigns.contacts.core.kinds import TEXT, Typed
from campaigns.contacts.core.names import tidied
from campaigns.contacts.core.subscribing import parse_subscriber
from campaigns.contacts.core.table import Broken
from campaigns.contacts.core.typed import Misfit, canonical
from outreach.kit.addresses import BadAddress, parse_address, plain_address
from outreach.kit.csvfile import unguarded

_DAMAGED = "\ufffd"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_INVISIBLE = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
# What spreadsheet programs write in place of a value that they could not calculate: nobody's company.
FORMULA_ERRORS = frozenset(
    {
        "#N/A",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#NV",
        "#WERT!",
        "#BEZUG!",
    }
)
_EXAMPLE_LIMIT = 80
_KNOWN_VALUES = 10_000  # distinct countries or zones that are remembered: a real file has a few hundred


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that does not become a contact."""

    cause: str


@dataclass(slots=True)
class Note:
    """A kind of value that was left empty: how many rows, and one of them."""

    field: str
    cause: str
    rows: int
    first_line: int
    example: str


class RowReader:
    """Reads rows by a mapping. `columns` names the values that `read` returns, in order.

    It knows nothing of other rows, except what it has noted: whether an address was there before is not asked here.
    """

    def __init__(
        self,
        columns: Columns,
        mapping: Mapping[str, str],
        kinds: Mapping[str, Typed] | None = None,
        *,
        tidies_names: bool = False,
    ) -> None:
        places = {target: at for at, name in enumerate(columns.names) if (target := mapping.get(name, ""))}
        self._width = len(columns.names)
        self._email = places[EMAIL]
        self._full_name = places.get(FULL_NAME)
        self._texts = [field for field in TEXT_LIMITS if field in places]
        self._text_limits = [TEXT_LIMITS[field] for field in self._texts]
        self._tidied = _Remembered(tidied) if tidies_names else None
        self._names = [at for at, field in enumerate(self._texts) if field in {"first_name", "last_name"}]
        self._text_cells = _picker([places[field] for field in self._texts])
        self._looked_up = [
            (places[field], field, _Remembered(parse))
            for field, parse in ((COUNTRY, _country), (TIME_ZONE, _zone_name), (SUBSCRIBER, _subscriber))
            if field in places
        ]
        self._custom = [
            (at, target, f"{json.dumps(name)}: ", _reader_for((kinds or {}).get(name, TEXT)))
            for target, at in places.items()
            if target.startswith(CUSTOM_PREFIX) and (name := target.removeprefix(CUSTOM_PREFIX))
        ]
        self._notes: dict[tuple[str, str], Note] = {}
        names = ["first_name", "last_name"] if self._full_name is not None else []
        self.columns = (
            "email", "email_key", "domain", *names, *self._texts,
            *(field for _, field, _ in self._looked_up), *(["fields"] if self._custom else []),
        )  # fmt: skip

    @property
    def notes(self) -> list[Note]:
        """What was left empty so far, most frequent first."""
        return sorted(self._notes.values(), key=lambda note: -note.rows)

    def recall(self, notes: Iterable[Note]) -> None:
        """Go on from these notes, of rows that were read before."""
        self._notes = {(note.field, note.cause): note for note in notes}

    def read(self, line: int, cells: list[str] | Broken) -> list[str] | Rejected:
        """Return the values of this row in the order of `columns`, or why it is rejected.

        No value holds a control character, except that `fields` is JSON.
        """
        if isinstance(cells, Broken):
            return Rejected(cells.cause)
        if len(cells) != self._width and not _fit(cells, self._width):
            return Rejected(_ragged(len(cells), self._width))
        address = plain_address(cells[self._email])
        if address is None:
            try:
                slow = parse_address(cells[self._email].removeprefix("'"))
            except BadAddress as error:
                return Rejected(error.cause)
            address = (slow.email, slow.key, slow.domain)
        text = "".join(cells)
        is_plain = text.isprintable() and _DAMAGED not in text and "'" not in text and "#" not in text
        clean: Callable[[str], str] = str.strip if is_plain else _clean
        values = list(address)
        if self._full_name is not None:
            values += self._two_names(line, clean(cells[self._full_name]))
        texts = self._cleaned_texts(cells, clean)
        if not is_plain or any(map(gt, map(len, texts), self._text_limits)):
            texts = [
                self._usable(line, field, value, limit)
                for field, value, limit in zip(self._texts, texts, self._text_limits, strict=True)
            ]
        values += texts
        for at, field, codes in self._looked_up:
            value = cells[at]
            if value and (code := codes[value]) is not None:
                values.append(code)
            else:
                values.append(self._not_understood(line, field, value))
        if self._custom:
            values.append(self._custom_json(line, cells, clean))
        return values

    def _cleaned_texts(self, cells: list[str], clean: Callable[[str], str]) -> list[str]:
        texts = list(map(clean, self._text_cells(cells)))
        if self._tidied is not None:
            for at in self._names:
                texts[at] = self._tidied[texts[at]]
        return texts

    def _two_names(self, line: int, name: str) -> list[str]:
        first, last = split_name(name if self._tidied is None or "," in name else self._tidied[name])
        if self._tidied is not None:
            first, last = self._tidied[first], self._tidied[last]
        return [
            self._usable(line, "first_name", first, TEXT_LIMITS["first_name"]),
            self._usable(line, "last_name", last, TEXT_LIMITS["last_name"]),
        ]

    def _custom_json(self, line: int, cells: list[str], clean: Callable[[str], str]) -> str:
        parts = []
        for at, target, key, readings in self._custom:
            if value := clean(cells[at]):
                if readings is not None:
                    reading = readings[value]
                    value = reading if isinstance(reading, str) else self._misfit(line, target, value, reading)
                elif len(value) > CUSTOM_LIMIT or _DAMAGED in value or value in FORMULA_ERRORS:
                    value = self._usable(line, target, value, CUSTOM_LIMIT)
                if value:
                    parts.append(key + encode_basestring(value))
        return "{" + ", ".join(parts) + "}"

    def _usable(self, line: int, field: str, value: str, limit: int) -> str:
        """Return the value, or "" with a note when it is damaged, too long, or what is left of a formula."""
        if value in FORMULA_ERRORS:
            return self._note(line, field, "holds the error of a formula", value)
        if _DAMAGED in value:
            return self._note(line, field, "has characters that could not be read", value)
        if len(value) > limit:
            return self._note(line, field, f"is longer than {limit:,} characters", value)
        return value

    def _misfit(self, line: int, field: str, value: str, misfit: Misfit) -> str:
        """Return "" for a value that is none of the kind of its field, with a note of the first cause that there is."""
        return self._usable(line, field, value, CUSTOM_LIMIT) and self._note(line, field, misfit.cause, value)

    def _not_understood(self, line: int, field: str, value: str) -> str:
        value = _clean(value)
        if not value:
            return ""
        return self._note(line, field, "is not known", value)

    def _note(self, line: int, field: str, cause: str, value: str) -> str:
        note = self._notes.setdefault((field, cause), Note(field, cause, 0, line, value[:_EXAMPLE_LIMIT]))
        note.rows += 1
        return ""


_Reading = TypeVar("_Reading")


class _Remembered(dict[str, _Reading]):
    """What a parser says about a text, remembered, because files repeat few countries, zones and dates."""

    def __init__(self, parse: Callable[[str], _Reading]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> _Reading:
        value = self._parse(text)
        if len(self) < _KNOWN_VALUES:
            self[text] = value
        return value


def _reader_for(typed: Typed) -> _Remembered[str | Misfit] | None:
    """Return what reads the clean values of a custom field; None where they stay as they are."""
    if typed.kind == FieldKind.TEXT:
        return None
    return _Remembered(lambda text: canonical(text, typed.kind, typed.style))


def _picker(places: Sequence[int]) -> Callable[[list[str]], Sequence[str]]:
    """Return what takes the cells at these places out of a row (itemgetter gives one cell bare)."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: [cells[at] for at in places]


def split_name(name: str) -> tuple[str, str]:
    """Return first and last name of "Ada King Lovelace" or "Lovelace, Ada": the first word, and the rest."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.strip().partition(" ")
    return first, last.strip()


def original_of(raw: str, limit: int = 2_000) -> str:
    """Return the text of a rejected row as it is kept: without line end and NULs, `limit` characters."""
    text = raw.rstrip("\r\n").replace("\0", _DAMAGED).encode("utf-8", "replace").decode()
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text):,} characters)"


def note_words(note: Note, place: str = "line") -> str:
    """Return the note as a sentence: "Time zone is not known in 12 rows (first: line 17, “Mars”) ..."."""
    field = LABELS.get(note.field) or f"Field “{note.field.removeprefix(CUSTOM_PREFIX)}”"
    rows = "1 row" if note.rows == 1 else f"{note.rows:,} rows"
    where = place if note.rows == 1 else f"first: {place}"
    return f"{field} {note.cause} in {rows} ({where} {note.first_line}, “{note.example}”); left empty there."


def without_example(words: str) -> str:
    """Return what note_words made without the value that it shows."""
    return _EXAMPLE.sub(r"\1); left empty there.", words, count=1)


_EXAMPLE = re.compile(r"( in [0-9,]+ rows? \((?:first: )?\w+ [0-9]+), “.*", re.DOTALL)


def _clean(text: str) -> str:
    """Return the text on one line, trimmed, without invisible characters and the guard of formulas."""
    return unguarded(_INVISIBLE.sub("", _CONTROL.sub(" ", text)).strip())


def _country(text: str) -> str | None:
    return parse_country(_clean(text))


def _zone_name(text: str) -> str | None:
    return find_zone(_clean(text))  # parse_zone looks for the nearest name besides, which nobody reads here


def _subscriber(text: str) -> str | None:
    return parse_subscriber(_clean(text))


def _fit(cells: list[str], width: int) -> bool:
    """Cut off empty cells behind the last column; say whether the row then fits."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return len(cells) == width


def _ragged(found: int, wanted: int) -> str:
    cells = "1 cell" if found == 1 else f"{found} cells"
    why = (
        "a value with the delimiter in it may lack quotation marks"
        if found > wanted
        else "cells are missing, or a line break inside a value lacks quotation marks"
    )
    return f"The row has {cells}, the first row has {wanted}: {why}."
