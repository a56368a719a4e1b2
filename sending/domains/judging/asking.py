"""A question to the DNS and its answer, as the judges see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The types of records that are asked for. MX records read "10 mx.example.com"."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"
    TXT = "TXT"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS says. Without records and without trouble: it says that there is none.

    TXT records are whole, their strings joined (RFC 7208 section 3.3); names have no dot at their end.
    """

    records: tuple[str, ...] = ()
    has_name: bool = True  # False: not even the name is there (NXDOMAIN)
    trouble: str = ""  # why nobody knows, in words; then nothing else counts

    @property
    def is_unknown(self) -> bool:
        return bool(self.trouble)

    @property
    def is_void(self) -> bool:
        """Say whether it is an answer without anything in it (RFC 7208 section 4.6.4)."""
        return not self.records and not self.trouble


Asker = Callable[[str, Kind], Answer]


def tagged(records: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return the records whose first tag is that version, as DMARC, DKIM and their kin have it: "v=DMARC1"."""
    name, _, wanted = version.partition("=")
    found = []
    for record in records:
        first, is_tag, value = record.partition(";")[0].partition("=")
        if is_tag and first.strip().lower() == name and value.strip() == wanted:
            found.append(record)
    return tuple(found)


def tags_of(record: str) -> dict[str, str]:
    """Return the tags of a list "a=b; c=d" by name, in lower case and order; of one that stands twice the first."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, is_tag, value = part.partition("=")
        if is_tag:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags
