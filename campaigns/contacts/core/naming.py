"""Tell whether kept text names a person by a whole address, and take out of an answer what is about them alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# May stand in a local part behind a letter or digit (RFC 5322, 3.2.3), but as well around an address. Not "=" and "|",
# which are legal there and hardly used: in files and links they stand between a name or a field and the address.
_MARKS = "!#$%&'*+-./?^`{}~"
_LOCAL_LIMIT = 64  # octets of a local part (RFC 5321, 4.5.3.1.1)

Names = Callable[[str], bool]


def names_any(addresses: Iterable[str]) -> Names:
    """Return what says whether a text holds one of the addresses, whole and in any case: not in joanna's is anna's."""
    wanted = [one.lower() for one in addresses]

    def names(text: str) -> bool:
        text = text.lower()
        return any(_holds(text, one) for one in wanted)

    return names


def _holds(text: str, address: str) -> bool:
    at = text.find(address)
    while at >= 0:
        end = at + len(address)
        if not _ends_in_word(text[max(0, at - _LOCAL_LIMIT) : at]) and not _goes_on(text[end : end + 2]):
            return True
        at = text.find(address, at + 1)
    return False


def _ends_in_word(before: str) -> bool:
    last = before.rstrip(_MARKS)[-1:]
    return last.isalnum() or last == "_"


def _goes_on(behind: str) -> bool:
    """Say whether the domain goes on: not at the point that ends a sentence."""
    return behind[:1].isalnum() or (behind[:1] in {".", "-"} and behind[1:].isalnum())


def named_in(value: Any, names: Names) -> bool:
    """Say whether any text in a value read from JSON does, keys included."""
    if isinstance(value, str):
        return names(value)
    if isinstance(value, Mapping):
        return any(names(key) or named_in(one, names) for key, one in value.items())
    return isinstance(value, list) and any(named_in(one, names) for one in value)


def read(body: bytes) -> Any:
    """Return what an answer says; where that is no JSON, its lines."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text.splitlines()


def about(value: Any, names: Names) -> Any:
    """Return of a value read from JSON what is about the named person alone; None where nothing is.

    An object that names them in a value of its own is theirs as a whole; of others, and of lists, the parts that do.
    """
    if isinstance(value, str):
        return value if names(value) else None
    if isinstance(value, list):
        kept = [part for one in value if (part := about(one, names)) is not None]
        return kept or None
    if not isinstance(value, Mapping):
        return None
    if any(isinstance(one, str) and names(one) for one in value.values()):
        return value
    found = {key: part for key, one in value.items() if (part := about(one, names)) is not None}
    return found or None
