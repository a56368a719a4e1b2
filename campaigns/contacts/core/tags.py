"""Read tags as a person types them: short words in small letters, one behind the other with commas."""

from __future__ import annotations

from campaigns.contacts.errors import BadContact

NAME_LIMIT = 40
TAGS_LIMIT = 10  # given at once


def parse_tags(text: str) -> tuple[str, ...]:
    """Return "VIP, fair  2026,vip" as ("fair 2026", "vip"): small letters, each once, sorted. Raises BadContact."""
    names = sorted({name for part in text.split(",") if (name := " ".join(part.split()).casefold())})
    for name in names:
        if len(name) > NAME_LIMIT:
            raise BadContact("tags", f"The tag “{name[:NAME_LIMIT]}…” has {len(name)} characters; {NAME_LIMIT} fit.")
        if not name.isprintable():
            raise BadContact("tags", "A tag has invisible characters.")
    if len(names) > TAGS_LIMIT:
        raise BadContact("tags", f"These are {len(names)} tags; at most {TAGS_LIMIT} are given at once.")
    return tuple(names)
