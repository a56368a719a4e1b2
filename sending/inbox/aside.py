"""Mails that cannot be taken in: kept as they came, tried three times, then set aside for a person; none hides others.

Each try is counted before it begins, so that a mail which ends the process is counted, too.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from outreach.kit.away import is_away
from sending.imap import ImapError, RawMail
from sending.inbox.models import SetAside
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox

log = logging.getLogger(__name__)

MOST_TRIES = 3
ENDED = "The program ended three times while it read this mail, without saying why."
BROKE = "It could not be understood ({name}): a fault of this program, or a mail that is made to break programs."
WITHHELD = "The server would not give it: {words}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies: over IMAP by its UID under the folder's UIDVALIDITY, over POP3 by its unique id."""

    folder: str
    uid_validity: int = 0
    uid: int = 0
    uidl: str = ""
    is_back_fill: bool = False


Fetch = Callable[[SetAside], RawMail | None]  # asks the server once more; None when the mail is gone


def take(mailbox: Mailbox, raw: RawMail, place: Place) -> bool:
    """Take one mail in; True when it is new. One that breaks us is kept for the next readings, and hides none."""
    try:
        return take_in(mailbox, raw, is_back_fill=place.is_back_fill) is not None
    except Exception as error:
        if is_away(error):
            raise  # it is the database, not the mail
        log.exception("inbox.not_taken_in mailbox=%s uid=%s", mailbox.pk, raw.uid)
        note_failed(mailbox, place, raw, BROKE.format(name=type(error).__name__))
        return False


def note_failed(mailbox: Mailbox, place: Place, raw: RawMail | None, reason: str, *, tries: int = 1) -> bool:
    """Keep a mail that could not be taken in, or not be got (raw: None). Returns whether it is set aside now."""
    known = {
        "folder": place.folder, "uid_validity": place.uid_validity, "uid": place.uid, "uidl": place.uidl,
        "raw": raw.raw if raw else None, "truncated": bool(raw and raw.truncated),
        "received_at": raw.internaldate if raw else None, "size": raw.size if raw else 0, "reason": reason[:500],
        "is_back_fill": place.is_back_fill,
    }  # fmt: skip
    with transaction.atomic():
        row, _ = SetAside.objects.select_for_update().get_or_create(
            mailbox=mailbox, key=_key_of(place, raw), defaults=known
        )
        return _note(row, reason, row.tries + tries)


def try_again(mailbox: Mailbox, fetch: Fetch, *, before: datetime) -> int:
    """Try the mails that wait and were last tried before this instant; return how many of them were taken in.

    Raises ImapError when the connection broke.
    """
    taken = 0
    waiting = SetAside.objects.filter(mailbox=mailbox, aside_at=None, tried_at__lt=before).order_by("id")
    for row in waiting.defer("raw"):
        if row.tries >= MOST_TRIES:
            _note(row, ENDED, row.tries)
            continue
        SetAside.objects.filter(pk=row.pk).update(tries=F("tries") + 1, tried_at=Now())
        row.tries += 1
        taken += _try(mailbox, row, fetch)
    return taken


def give_another_chance(row: SetAside) -> None:
    """Let a mail be tried again from the start, because a person wants it."""
    SetAside.objects.filter(pk=row.pk).update(tries=0, aside_at=None)


def waits(mailbox_id: int) -> bool:
    """Say whether a mail waits for its next try: it may be an answer, so nothing of the mailbox counts as read yet."""
    return SetAside.objects.filter(mailbox=mailbox_id, aside_at=None).exists()


def _try(mailbox: Mailbox, row: SetAside, fetch: Fetch) -> bool:
    try:
        raw = _content(row) or fetch(row)
    except ImapError as error:
        _note(row, WITHHELD.format(words=error), row.tries)
        if error.cause != "refused":
            raise
        return False
    try:
        taken = raw is not None and take_in(mailbox, raw, is_back_fill=row.is_back_fill) is not None
    except Exception as error:
        if is_away(error):
            raise
        log.exception("inbox.not_taken_in mailbox=%s set_aside=%s", mailbox.pk, row.pk)
        _note(row, BROKE.format(name=type(error).__name__), row.tries)
        return False
    row.delete()
    return taken


def _content(row: SetAside) -> RawMail | None:
    if row.raw is None:
        return None
    return RawMail(row.uid, row.received_at, row.size, bytes(row.raw), row.truncated)


def _note(row: SetAside, reason: str, tries: int) -> bool:
    is_aside = tries >= MOST_TRIES
    since = {"aside_at": row.aside_at or Now()} if is_aside else {}
    SetAside.objects.filter(pk=row.pk).update(tries=tries, tried_at=Now(), reason=reason[:500], **since)
    if is_aside:
        log.error("inbox.set_aside mailbox=%s set_aside=%s", row.mailbox_id, row.pk)
    return is_aside


def _key_of(place: Place, raw: RawMail | None) -> str:
    named = replace(place, is_back_fill=False)
    return hashlib.sha256(raw.raw if raw else repr(named).encode()).hexdigest()
