"""What taking an import back does to one contact that was known before it, and how that is counted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from campaigns.contacts.core.fields import CUSTOM_PREFIX

# So long the values before an import are kept, and it can be undone.
UNDO_FOR = timedelta(days=30)
Changes = Mapping[str, tuple[str | None, str] | list[Any]]  # field, or "fields.<name>" -> before, after


@dataclass(slots=True)
class UndoCounts:
    """What an undo has done so far. It is stored with each batch, so that no batch counts twice."""

    removed: int = 0  # contacts that the import had created
    restored: int = 0  # contacts that got values back
    places: int = 0  # on the list, taken from contacts that were known before
    tags: int = 0
    grounds: int = 0  # taken off the record of contacts that were known before
    kept: dict[str, int] = field(default_factory=dict)  # created contacts that stay, by cause
    kept_values: int = 0  # contacts that keep values of it: changed since, or a later file's, too
    next_id: int | None = None  # of the created contacts to look at; None = not begun
    last_id: int = 0

    @property
    def kept_contacts(self) -> int:
        return sum(self.kept.values())


def taken_back(current: Mapping[str, Any], changes: Changes) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the columns to write, and the names of those values that stay because they were changed since.

    current holds the contact's columns. A value is put back where it is still what the import wrote, else left alone.
    """
    columns: dict[str, Any] = {}
    stays = []
    custom = dict(current["fields"])
    for name, (before, after) in changes.items():
        if name.startswith(CUSTOM_PREFIX):
            key = name.removeprefix(CUSTOM_PREFIX)
            if custom.get(key) != after:
                stays.append(name)
            elif before is None:
                del custom[key]
            else:
                custom[key] = before
        elif current[name] == after:
            columns[name] = before
        else:
            stays.append(name)
    if custom != current["fields"]:
        columns["fields"] = custom
    return columns, tuple(stays)


def before_of_next(changes: Changes, names: Collection[str], earlier: Changes) -> dict[str, list[Any]]:
    """Return the changes of a later import, once an earlier one of the same contact is undone under it.

    names are the values that are the later one's word, too. Where it found what the earlier one had written, whether it
    changed that or had the same, it is to put back what was there before both.
    """
    inherited = {name: list(earlier[name]) for name in names if name not in changes}
    return inherited | {
        name: [earlier[name][0] if name in names and before == earlier[name][1] else before, after]
        for name, (before, after) in changes.items()
    }
