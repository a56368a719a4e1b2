"""The filters of the language: each takes text, gives text, and costs no more than its input is long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps

from jinja2 import Undefined

# No filter may make more than this out of anything.
LONGEST = 20_000


def default(value: object, fallback: str = "") -> str:
    """Return the fallback where the value is absent or empty."""
    return str(fallback) if isinstance(value, Undefined) or not str(value).strip() else str(value)


def capitalize(value: str) -> str:
    """Return the text with its first letter in upper case, the others as they are."""
    text = str(value)
    return text[:1].upper() + text[1:]


def title(value: str) -> str:
    """Return each word with its first letter in upper case and the rest in lower case."""
    return " ".join(word[:1].upper() + word[1:].lower() for word in str(value).split(" "))


def lower(value: str) -> str:
    return str(value).lower()


def upper(value: str) -> str:
    return str(value).upper()


def trim(value: str) -> str:
    return str(value).strip()


def truncate(value: str, length: int = 80) -> str:
    """Return at most `length` characters, cut at a word, with an ellipsis where something was cut."""
    text = str(value)
    length = max(1, min(int(length), LONGEST))
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip() + "…"


def replace(value: str, old: str, new: str) -> str:
    """Return the text with `old` replaced by `new`, both at most 200 characters, the result bounded."""
    text, old, new = str(value), str(old)[:200], str(new)[:200]
    return text.replace(old, new, 1000)[:LONGEST] if old else text


def first_word(value: str) -> str:
    """Return what stands before the first space."""
    return str(value).strip().split(" ", 1)[0]


def plural(value: object, one: str, many: str) -> str:
    """Return `one` where the value reads as the number 1, else `many`."""
    return str(one) if str(value).strip() in {"1", "1.0"} else str(many)


def _passing(act: Callable[..., str]) -> Callable[..., object]:
    """Let an absent value through untouched, so that a fallback may stand behind other filters."""

    @wraps(act)
    def passing(value: object, *args: object) -> object:
        return value if isinstance(value, Undefined) else act(value, *args)

    return passing


FILTERS: Mapping[str, Callable[..., object]] = {
    "default": default, "d": default, "capitalize": _passing(capitalize), "title": _passing(title), "lower": _passing(lower), "upper": _passing(upper),
    "trim": _passing(trim), "truncate": _passing(truncate), "replace": _passing(replace), "first_word": _passing(first_word), "plural": _passing(plural),
}  # fmt: skip
