"""Tell from its heading what a column holds; headings.toml has the words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files


def plain(heading: str) -> str:
    """Return the heading as it is compared: no accents, case, spaces or marks."""
    bare = "".join(
        character
        for character in unicodedata.normalize(
            "NFKD", heading.strip().lower().replace("ß", "ss").replace("\u0131", "i")
        )
        if not unicodedata.combining(character)
    )
    return re.sub(r"[\W_]+", "", bare)


def field_for(heading: str) -> str:
    """Return the field that this heading usually means, or ""."""
    return _by_heading().get(plain(heading), "")


@cache
def _by_heading() -> dict[str, str]:
    known = tomllib.loads((files(__package__) / "headings.toml").read_text(encoding="utf-8"))
    return {plain(word): field for field, words in known.items() for word in words if plain(word)}
