"""Read a mailbox: folders by their use, mails by UID in bounded pieces."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from imapclient.imap_utf7 import decode, encode

from sending.imap.account import Account, ImapError
from sending.imap.line import opened
from sending.imap.opening import ImapLine
from sending.smtp.outcomes import Line as Said
from sending.smtp.outcomes import Transcript

TIMEOUT_S = 60.0
# A reading ends before the lease on its mailbox does (sending.inbox.reading.LEASE_S).
MOST_S = 270.0
CHUNK = 50
# So many UIDs are asked about at once: of a folder of half a million mails, its list of UIDs is never held as a whole.
_WINDOW = 10_000
_A_DAY = timedelta(days=1)
_HEADER = ("HEADER", "Message-ID")
_MOST_COPIES = 100  # mails that one search for copies may find: there is one for each message, or two
# In this order: a folder with two uses has the first. RFC 6154.
_ROLES = (("junk", b"\\junk"), ("sent", b"\\sent"), ("all", b"\\all"), ("trash", b"\\trash"), ("drafts", b"\\drafts"))
_JUNK_NAMES = frozenset({"junk", "spam", "junk e-mail", "junk email", "bulk mail"})
# Where the server does not say it: the names that programs and providers give it.
_SENT_NAMES = frozenset(
    {
        "sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete elemente", "gesendete objekte",
        "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "itens enviados",
        "inviata", "posta inviata", "verzonden", "verzonden items", "wysłane", "skickat", "sendt",
    }
)  # fmt: skip
_MOST_NAME = 255
_MOST_NUMBER = 2**63 - 1  # what the database holds; RFC 9051 has 32 bits


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and what it is for: inbox, junk, sent, all, trash, drafts or other (RFC 6154)."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class FolderState:
    """RFC 3501 section 2.3.1.1."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it lies in the mailbox. truncated: it was larger than the bound, and only its head was fetched."""

    uid: int
    internaldate: datetime | None
    size: int
    raw: bytes = field(repr=False)
    truncated: bool


class Reader:
    """A signed-in connection to one mailbox. Each method raises Unreachable or Misbehaved."""

    def __init__(self, line: ImapLine) -> None:
        self._client = line.client
        self._line = line
        self._selected = ""
        self._uidnext = 0
        self._seen_next: dict[str, int] = {}  # UIDNEXT of each folder, when it was selected the last time

    @property
    def dialogue(self) -> Transcript:
        """What was said until the sign-in was over."""
        return self._line.dialogue.so_far()

    def folders(self) -> list[Folder]:
        """Return the folders that can be selected, the inbox first.

        Those whose name we could not say back to the server (not in modified UTF-7, with control characters, or longer
        than 255) are left out.
        """
        with self._asking():
            found = [_folder(*one) for one in self._line.list_folders()]
        return sorted(filter(None, found), key=lambda folder: (folder.role != "inbox", folder.name))

    def state(self, folder: Folder) -> FolderState:
        """Select the folder for reading and return its state."""
        with self._asking():
            self._selected = ""
            info = self._client.select_folder(encode(folder.name), readonly=True)
            self._selected = folder.name
            exists = int(info.get(b"EXISTS", 0))
            uidnext = info.get(b"UIDNEXT")
            if uidnext is None:  # old servers do not say it
                uids = self._client.search(["UID", "*"]) if exists else []
                uidnext = max(uids, default=0) + 1
            state = FolderState(int(info.get(b"UIDVALIDITY", 0)), int(uidnext), exists)
            self._plausible(state.uidvalidity, state.uidnext)
            self._uidnext = self._seen_next[folder.name] = state.uidnext
            return state

    def fetch_since(
        self, folder: Folder, last_uid: int, *, limit: int, max_bytes: int, since: datetime | None = None
    ) -> Iterator[RawMail]:
        """Yield the mails behind last_uid in order of their UIDs, at most `limit`; no mail becomes seen by it.

        since: what the server got before is passed over, and its text never crosses the wire. Of what one mail was to
        blame for, the error tells its UID.
        """
        uids = self.uids_behind(folder, last_uid, since=since)
        mails = (self.fetch(folder, some, max_bytes=max_bytes, since=since) for some in uids)
        yield from islice(chain.from_iterable(mails), limit)

    def fetch(
        self, folder: Folder, uids: Sequence[int], *, max_bytes: int, since: datetime | None = None
    ) -> Iterator[RawMail]:
        """Yield these mails, in this order; those that are gone, or older than `since`, are left out."""
        for start in range(0, len(uids), CHUNK):
            chunk = uids[start : start + CHUNK]
            known = self._sizes(folder, chunk)
            for uid in chunk:
                if uid not in known or _is_before(known[uid], since):
                    continue
                mail = self._fetch_one(folder, uid, known[uid], max_bytes)
                if mail is not None:  # another client may have removed it meanwhile
                    yield mail

    def uids_behind(
        self, folder: Folder, last_uid: int, *, up_to: int | None = None, since: datetime | None = None
    ) -> Iterator[list[int]]:
        """Yield the UIDs behind last_uid, sorted, in pieces that are never empty. since: by the day, and one more.

        Where many numbers are free, the pieces grow: of four thousand million, twenty questions find the few that are
        taken.
        """
        self._select(folder)
        width, end = _WINDOW, self._uidnext - 1 if up_to is None else up_to
        while True:
            first, last = last_uid + 1, last_uid + width
            # "n:*" finds also what has come meanwhile.
            stop = last if last < end else "*" if up_to is None else up_to
            span = f"{first}:{stop}"
            found = [uid for uid in self._search(span, since) if uid > last_uid]
            if found:
                yield found
            if last >= end:
                return
            last_uid, width = last, _WINDOW if found else width * 2

    # -- listening (RFC 2177) --
    @property
    def can_idle(self) -> bool:
        with self._asking():
            return bool(self._client.has_capability("IDLE"))

    @property
    def sock(self) -> socket.socket:
        """What to wait at while the server may speak unasked; `hear` first, as it may have spoken already."""
        return self._line.wire.sock

    def idle(self, folder: Folder) -> bool:
        """Let the server say unasked what comes into the folder; say whether something has come in the meantime.

        Nothing else may be asked until `end_idle`.
        """
        before = self._seen_next.get(folder.name, 0)
        state = self.state(folder)
        with self._asking():
            self._line.wire.idle()
        self._line.rest()
        return state.uidnext != before

    def hear(self) -> bool:
        """Read what the server has said while it may speak; say whether mails have come or gone."""
        changed = False
        with self._line.told():
            while self._line.wire.has_more:
                changed = self._line.wire.hear() or changed
        return changed

    def hang_up(self) -> None:
        """Say nothing more to the server, not even goodbye: while it may speak it would not understand that."""
        self._line.failed = True

    def end_idle(self, *, within_s: float, most_s: float) -> None:
        """End listening, and watch over the connection for most_s. Raises Unreachable when it has died silently."""
        self._line.watch_again(most_s)
        sock = self._line.wire.sock
        with self._line.told():
            usual = sock.gettimeout()
            sock.settimeout(within_s)
            self._line.wire.done()
            sock.settimeout(usual)
        self._selected = ""

    def find_message_ids(self, folder: Folder, message_ids: Sequence[str]) -> set[str]:
        """Return those of the Message-IDs that mails of the folder have. Absence is no proof of not having been sent.

        One command asks for all of them: many servers look through the whole folder for each.
        """
        self._select(folder)
        with self._asking():
            either = [word for one in message_ids[:-1] for word in ("OR", *_HEADER, one)]
            uids = self._client.search([*either, *_HEADER, message_ids[-1]])
            if not uids or len(message_ids) == 1:
                return set(message_ids) if uids else set()
            got = self._client.fetch(uids[-_MOST_COPIES:], ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        heads = b"".join(value for row in got.values() for value in row.values() if isinstance(value, bytes))
        return {one for one in message_ids if one.encode() in heads}

    def copy_of(self, folder: Folder, message_id: str, *, max_bytes: int) -> RawMail | None:
        """Return the newest mail of the folder with this in its Message-ID, None where there is none."""
        self._select(folder)
        with self._asking():
            uids = self._client.search([*_HEADER, message_id])
        return next(self.fetch(folder, [int(uid) for uid in uids[-1:]], max_bytes=max_bytes), None)

    def _select(self, folder: Folder) -> None:
        if self._selected != folder.name:
            self.state(folder)

    def _search(self, span: str, since: datetime | None) -> list[int]:
        """Return UIDs of the span, sorted; "n:*" always names the last mail, also when its UID is below n."""
        # The server compares days, in whatever zone it lives.
        asked = ["UID", span, *(["SINCE", (since - _A_DAY).date()] if since else [])]
        with self._asking():
            uids = sorted({int(uid) for uid in self._client.search(asked)})
            self._plausible(*uids[-1:])
            return uids

    def _sizes(self, folder: Folder, uids: Sequence[int]) -> dict[int, dict[bytes, Any]]:
        self._select(folder)
        with self._asking():
            found: dict[int, dict[bytes, Any]] = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            return found

    def _fetch_one(self, folder: Folder, uid: int, about: dict[bytes, Any], max_bytes: int) -> RawMail | None:
        # One byte more than is kept tells whether there is more: some servers only guess at the size.
        with _blaming(uid), self._asking(f"mail {uid} of {folder.name}"), self._line.wire.expecting(max_bytes + 1):
            got = self._client.fetch([uid], [f"BODY.PEEK[]<0.{max_bytes + 1}>"]).get(uid, {})
            raw = next((value for name, value in got.items() if name.startswith(b"BODY[]")), None) or b""
            if not isinstance(raw, bytes):
                raise self._line.misbehaved(f"The server gave a number for mail {uid} of {folder.name}.")
            size = max(int(about.get(b"RFC822.SIZE") or 0), len(raw))
            self._plausible(size)
            if size and not raw:
                self._require_gone(folder, uid)
                return None
            return RawMail(uid, _utc(about.get(b"INTERNALDATE")), size, raw[:max_bytes], len(raw) > max_bytes)

    def _require_gone(self, folder: Folder, uid: int) -> None:
        """Accept nothing in place of a mail only when it was removed meanwhile (RFC 2180 section 4.1)."""
        if self._client.search(["UID", str(uid)]):
            raise self._line.misbehaved(f"The server gave nothing for mail {uid} of {folder.name}.", "refused")

    @contextmanager
    def _asking(self, what: str = "") -> Iterator[None]:
        self._line.wire.forget()
        with self._line.told(what):
            yield

    def _plausible(self, *numbers: int) -> None:
        if not all(0 <= number <= _MOST_NUMBER for number in numbers):
            raise self._line.misbehaved(f"The server gave a number that cannot be ({max(numbers)}).")


@contextmanager
def _blaming(uid: int) -> Iterator[None]:
    """Tell with an error which mail it was about."""
    try:
        yield
    except ImapError as error:
        error.uid = uid
        raise


def _is_before(about: dict[bytes, Any], since: datetime | None) -> bool:
    came = _utc(about.get(b"INTERNALDATE"))
    return since is not None and came is not None and came < since


@contextmanager
def open_mailbox(
    account: Account,
    *,
    timeout_s: float = TIMEOUT_S,
    most_s: float = MOST_S,
    listener: Callable[[Said], None] | None = None,
) -> Iterator[Reader]:
    """Connect, sign in, and sign out at the end. timeout_s bounds each silence of the server, most_s all of it.

    listener: hears each line of the dialogue, at once. A token that the server refuses is replaced once. Raises
    SignInRefused, Unreachable or Misbehaved; what the caller raises inside passes as it is.
    """
    with opened(ImapLine, account, timeout_s=timeout_s, most_s=most_s, listener=listener) as line:
        yield Reader(line)


def _folder(flags: Sequence[bytes], delimiter: bytes | None, raw: bytes | str | None) -> Folder | None:
    lowered = {flag.lower() for flag in flags}
    name = _name(raw.encode() if isinstance(raw, str) else raw or b"")
    if not name or b"\\noselect" in lowered or b"\\nonexistent" in lowered:
        return None
    return Folder(name, _role(name, lowered, (delimiter or b"").decode("ascii", "replace")))


def _name(raw: bytes) -> str:
    try:
        name = decode(raw)
        is_same = encode(name) == raw
    except ValueError:
        return ""
    return name if is_same and name.isprintable() and len(name) <= _MOST_NAME else ""


def _role(name: str, flags: set[bytes], delimiter: str) -> str:
    if name.upper() == "INBOX":
        return "inbox"
    for role, flag in _ROLES:
        if flag in flags:
            return role
    leaf = (name.rsplit(delimiter, 1)[-1] if delimiter else name).lower()
    if leaf in _JUNK_NAMES:
        return "junk"
    return "sent" if leaf in _SENT_NAMES else "other"


def _utc(when: object) -> datetime | None:
    try:
        return when.astimezone(UTC) if isinstance(when, datetime) else None
    except OverflowError:  # at the very ends of the calendar
        return None
