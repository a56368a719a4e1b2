"""Take in on what ground the people of a file may be written to, and what has to be on record with it."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import PAGE_LIMIT, ContactImport
from outreach.kit import clock


def note_ground(row: ContactImport, *, on: str, page: str) -> None:
    """Put the day and the page of a ground into the row, as somebody typed them; "" for none.

    Raises BadContact for a day that is none or lies ahead, and for a page that is no address of the web.
    """
    row.basis_on, row.basis_page = _day(on.strip()), _page(page.strip())


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadContact("basis_on", "Write the day of the ground as 2026-11-27.") from error
    if day > clock.now().date():
        raise BadContact("basis_on", "The day of the ground lies ahead.")
    return day


def _page(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    is_long = len(text) > PAGE_LIMIT
    if parts.scheme not in {"http", "https"} or not parts.hostname or is_long or not text.isprintable() or " " in text:
        raise BadContact("basis_page", f"The page of the ground is an address of the web, of {PAGE_LIMIT} characters.")
    return text
