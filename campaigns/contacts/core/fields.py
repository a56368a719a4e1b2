"""The fields of a contact that a column can be mapped to, their sizes, and the names of custom fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

# Sizes in characters; the columns of the table have the same.
TEXT_LIMITS: Mapping[str, int] = {
    "first_name": 120,
    "last_name": 120,
    "company": 200,
    "title": 200,
    "phone": 60,
    "website": 300,
    "city": 120,
    "region": 120,
}
COUNTRY = "country"
TIME_ZONE = "time_zone"
SUBSCRIBER = "subscriber_kind"  # company or individual, to a law that protects individuals
EMAIL = "email"
FULL_NAME = "full_name"  # no column of the table: becomes first_name and last_name

LABELS: Mapping[str, str] = {
    EMAIL: "E-mail address",
    "first_name": "First name",
    "last_name": "Last name",
    FULL_NAME: "Full name (split in two)",
    "company": "Company",
    "title": "Job title",
    "phone": "Phone",
    "website": "Website",
    "city": "City",
    "region": "State or region",
    COUNTRY: "Country",
    TIME_ZONE: "Time zone",
    SUBSCRIBER: "Company or individual",
}


class FieldKind(StrEnum):
    """What the values of a custom field are. They stay strings in one form of writing; core.typed makes it."""

    TEXT = "text"  # as it came
    NUMBER = "number"  # "1234.5": plain decimal, no grouping, no exponent
    DATE = "date"  # "2026-11-05"
    YES_NO = "yes_no"  # "yes" or "no"


KIND_LABELS: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "Text",
    FieldKind.NUMBER: "Number",
    FieldKind.DATE: "Date",
    FieldKind.YES_NO: "Yes or no",
}

CUSTOM_PREFIX = "fields."
CUSTOM_LIMIT = 10_000  # characters of one value
CUSTOM_COLUMNS = 100  # custom fields of one import
NAME_LIMIT = 40
_CUSTOM_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{NAME_LIMIT - 1}}}")
# Names that mean something else where templates are written.
_TAKEN = frozenset(LABELS) | {
    "sender", "fields",
    "if", "else", "elif", "endif", "for", "in", "is", "and", "or", "not", "true", "false", "none",
}  # fmt: skip


def custom_name(heading: str, position: int) -> str:
    """Return the name under which templates know a custom column: "Büro-Größe" -> "buro_grosse".

    position counts from 1 and names headings that have no Latin letter or digit.
    """
    plain = unicodedata.normalize("NFKD", heading.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:NAME_LIMIT].strip("_")
    if not name:
        return f"column_{position}"
    if not name[0].isalpha():
        name = f"n_{name}"[:NAME_LIMIT]
    return f"{name}_"[:NAME_LIMIT] if name in _TAKEN else name


def is_custom_name(name: str) -> bool:
    """Say whether a template can use the name and nothing else has it."""
    return _CUSTOM_NAME.fullmatch(name) is not None and name not in _TAKEN
