"""Make a table of pasted text that is none yet: recipients as a mail program lists them."""

from __future__ import annotations

import re

# "Lovelace, Ada" <ada@example.com>; Bob Byte <bob@example.com>, cy@example.com
# No part can begin where the one before it could go on, so that a hostile text takes linear time.
_RECIPIENT = re.compile(
    r"""\s*+(?:(?:"(?P<quoted>[^"\n]*+)"\s*+|(?P<bare>[^"<>@,;\n]*+))<(?P<named>[^<>\s@]++@[^<>\s@]++)>"""
    r"""|(?P<alone>[^<>\s@,;"]++@[^<>\s@,;"]++))[ \t\r]*+(?:[,;\n]\s*+|\Z)"""
)


def table_of(text: str) -> str:
    """Return pasted text as a table: recipients become the columns email and full name, all else stays as it is.

    Addresses alone, one in each line, are a table already; so are several lines with commas between addresses.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "<" not in text and len(lines) != 1 and not all(line.endswith((",", ";")) for line in lines[:-1]):
        return text
    rows, at = [], 0
    while at < len(text):
        found = _RECIPIENT.match(text, at)
        if found is None:
            return text
        name = " ".join((found["quoted"] or found["bare"] or "").replace("\t", " ").split())
        rows.append(f"{found['named'] or found['alone']}\t{name}")
        at = found.end()
    return "\n".join(["email\tfull name", *rows]) if rows else text
