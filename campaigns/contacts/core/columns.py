"""Name the columns of a file and guess what each one means, from its heading and from its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.contacts.core.fields import (
    CUSTOM_COLUMNS,
    CUSTOM_PREFIX,
    EMAIL,
    FULL_NAME,
    LABELS,
    custom_name,
    is_custom_name,
)
from campaigns.contacts.core.headings import field_for
from campaigns.contacts.core.table import Broken
from campaigns.contacts.errors import BadFile, BadMapping
from outreach.kit.addresses import BadAddress, parse_address

IGNORE = ""
CUSTOM = "custom"  # in a form: the name of the field stands beside it
_COLUMNS_LIMIT = 500
_HEADING_LIMIT = 200
_MOSTLY = 0.5  # of a column's filled values: then the column holds addresses


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file: a name for each, unique, and whether the first row gave them."""

    names: tuple[str, ...]
    has_header: bool


def columns_of(rows: Sequence[list[str] | Broken], *, is_whole: bool = True, has_header: bool | None = None) -> Columns:
    """Return the columns, given the first rows of the file; is_whole says that it has no others.

    has_header: what a person says about the first row; None = find out.

    A first row that holds an address is no header; its columns are then called "Column 1" and so on. Empty
    headings get such names too, repeated ones a number. Raises BadFile for no rows, and for a header without
    rows.
    """
    if not rows:
        raise BadFile("The file is empty: there is not a single row in it.")
    first = rows[0]
    if isinstance(first, Broken):
        raise BadFile(f"The first row cannot be read. {first.cause}")
    if len(first) > _COLUMNS_LIMIT:
        raise BadFile(f"The file has {len(first):,} columns; at most {_COLUMNS_LIMIT} can be imported.")
    if has_header is None:
        has_header = not any(_is_address(cell) for cell in first)
    if has_header and len(rows) == 1 and is_whole:
        raise BadFile("The file has a header and no rows below it: there is nobody to import.")
    return Columns(_unique(first if has_header else [""] * len(first)), has_header)


def guess_mapping(columns: Columns, rows: Sequence[list[str]]) -> dict[str, str]:
    """Return column name -> field, "fields.<name>" or "" (ignored), guessed from headings and values.

    Each field is given once. Without a column of addresses the mapping has no e-mail.
    """
    mapping: dict[str, str] = {}
    used: set[str] = set()
    email = _email_column(columns, rows)
    for position, name in enumerate(columns.names):
        values = [row[position] for row in rows if position < len(row) and row[position].strip()]
        target = EMAIL if position == email else (field_for(name) if columns.has_header else "")
        if position != email and (target == EMAIL or target in used):
            target = ""
        if not target and (values or not rows) and len(used) < CUSTOM_COLUMNS:
            target = CUSTOM_PREFIX + _free_name(custom_name(name, position + 1), used)
        used.add(target)
        mapping[name] = target
    return _without_double_names(mapping)


def checked_mapping(columns: Columns, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping for exactly these columns; those it leaves out are ignored.

    Raises BadMapping when the e-mail is missing or double, a field is given twice, or a name cannot be used.
    """
    if unknown := set(mapping) - set(columns.names):
        raise BadMapping(f"The file has no column called {min(unknown)}.")
    chosen = {name: mapping.get(name, IGNORE) for name in columns.names}
    seen: dict[str, str] = {}
    for name, target in chosen.items():
        if target == IGNORE:
            continue
        if not (target in LABELS or _names_custom_field(target)):
            raise BadMapping(
                f"“{target.removeprefix(CUSTOM_PREFIX)}” cannot be the name of a field: "
                "use small letters, digits and _, beginning with a letter, and no name that is already taken."
            )
        if target in seen:
            raise BadMapping(f"The columns “{seen[target]}” and “{name}” both go to {label(target)}; keep one of them.")
        seen[target] = name
    if EMAIL not in seen:
        raise BadMapping("No column is mapped to the e-mail address: choose the one that holds it.")
    if FULL_NAME in seen and {"first_name", "last_name"} & set(seen):
        raise BadMapping("Map either the full name, or first and last name, not both.")
    return chosen


def _names_custom_field(target: str) -> bool:
    return target.startswith(CUSTOM_PREFIX) and is_custom_name(target.removeprefix(CUSTOM_PREFIX))


def label(target: str) -> str:
    """Return a target as a person reads it."""
    return LABELS.get(target) or f"the field “{target.removeprefix(CUSTOM_PREFIX)}”"


def _unique(headings: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    seen: set[str] = set()
    for position, heading in enumerate(headings, start=1):
        base = " ".join(heading.replace("\x00", " ").split())[:_HEADING_LIMIT] or f"Column {position}"
        name, number = base, 2
        while name.lower() in seen:
            name, number = f"{base} ({number})", number + 1
        seen.add(name.lower())
        names.append(name)
    return tuple(names)


def _email_column(columns: Columns, rows: Sequence[list[str]]) -> int | None:
    """Return the position of the column whose values mostly are addresses; its heading breaks ties."""
    best, best_rank = None, (False, False, 0.0)
    for position, name in enumerate(columns.names):
        values = [row[position] for row in rows if position < len(row) and row[position].strip()]
        share = sum(map(_is_address, values)) / len(values) if values else 0.0
        says_so = columns.has_header and field_for(name) == EMAIL
        rank = (share >= _MOSTLY, says_so, share)
        if (share >= _MOSTLY or says_so) and rank > best_rank:
            best, best_rank = position, rank
    return best


def _is_address(text: str) -> bool:
    if "@" not in text:
        return False
    try:
        parse_address(text)
    except BadAddress:
        return False
    return True


def _free_name(name: str, used: set[str]) -> str:
    candidate, number = name, 2
    while CUSTOM_PREFIX + candidate in used:
        ending = f"_{number}"
        candidate, number = name[: 40 - len(ending)] + ending, number + 1
    return candidate


def _without_double_names(mapping: dict[str, str]) -> dict[str, str]:
    """Let first and last name win over a full name beside them, which then is an ordinary field."""
    if {"first_name", "last_name"} <= set(mapping.values()):
        return {
            name: f"{CUSTOM_PREFIX}name_as_given" if target == FULL_NAME else target for name, target in mapping.items()
        }
    if "first_name" in mapping.values() or "last_name" in mapping.values():
        # "Name" beside "Vorname" is the family name.
        other = "last_name" if "first_name" in mapping.values() else "first_name"
        return {name: other if target == FULL_NAME else target for name, target in mapping.items()}
    return mapping
