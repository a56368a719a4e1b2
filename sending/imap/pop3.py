"""Read a mailbox over POP3: what lies there, by its unique ids, and mails one by one. Nothing is ever deleted.

RFC 1939, with CAPA (RFC 2449), STLS (RFC 2595) and AUTH (RFC 5034). A maildrop has no folders, no flags and no dates;
what tells its mails apart from one session to the next is UIDL, which is asked for.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sending.imap.account import Account, ImapError, SignInRefused, Stage, Unreachable
from sending.imap.line import BUSY, Line, opened
from sending.imap.pop3wire import NoPop3, Pop3Wire, Refused
from sending.imap.reader import MOST_S, TIMEOUT_S, RawMail
from sending.smtp.outcomes import Line as Said
from sending.smtp.outcomes import Side, Transcript
from sending.smtp.server import Security
from sending.smtp.tokens import xoauth2

# A mail that is larger than the bound is read to this line of its text, where the server can do that.
_TOP_LINES = 5000
_MOST_NUMBER = 2**63 - 1
_UIDL = re.compile(r"[\x21-\x7e]{1,70}")  # RFC 1939 section 7
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """One mail as it lies there. number: in this session; uidl: in every session; size: in bytes, as it is told."""

    number: int
    uidl: str
    size: int


class Maildrop:
    """A signed-in connection to one mailbox. Each method raises Unreachable or Misbehaved."""

    def __init__(self, line: Pop3Line) -> None:
        self._line = line
        self.is_spent = False  # a text was cut: nothing more can be asked, and the rest waits for the next session

    @property
    def dialogue(self) -> Transcript:
        """What was said until the sign-in was over."""
        return self._line.dialogue.so_far()

    def items(self) -> list[Item]:
        """Return the mails that lie there, in the server's order."""
        with self._line.told("the list of mails"):
            sizes = dict(_numbered(line) for line in self._line.wire.lines("LIST"))
        with self._line.told("the unique ids of the mails (UIDL), without which they cannot be told apart"):
            uidls = dict(_named(line) for line in self._line.wire.lines("UIDL"))
        return [Item(number, uidl, sizes.get(number, 0)) for number, uidl in uidls.items()]

    def fetch(self, item: Item, *, max_bytes: int) -> RawMail:
        """Return one mail; of one that is larger than max_bytes its beginning. It stays where it is."""
        is_large = item.size > max_bytes and self._line.can_top
        command = f"TOP {item.number} {_TOP_LINES}" if is_large else f"RETR {item.number}"
        with self._line.told(f"mail {item.uidl}"):
            raw, was_cut = self._line.wire.content(command, most=max_bytes)
        self.is_spent = was_cut
        return RawMail(item.number, _arrival(raw), max(item.size, len(raw)), raw, was_cut or is_large)


class Pop3Line(Line[Pop3Wire]):
    """A connection over POP3."""

    nonsense = (OSError, NoPop3, Refused, ValueError)
    others = (("220", "smtp", "an SMTP server"), ("* ", "imap", "an IMAP server"))
    protocol = "POP3"
    can_top = False

    def open(self) -> None:
        with self.told():
            self._wire = Pop3Wire(self._dial(), self.dialogue)
            self.stage = Stage.GREETING
            self.wire.answer()
            offered = self._abilities()
            if self._account.security is Security.STARTTLS:
                offered = self._start_tls()
            self._sign_in(offered)
            self.can_top = "TOP" in (self._abilities() or {})  # some say it only to whom they know
            self.stage = Stage.READING
            self.wire.is_noted = False

    def _say_goodbye(self) -> None:
        self.wire.ask("QUIT")

    # -- opening --
    def _abilities(self) -> dict[str, list[str]] | None:
        """Return what the server can do, by its words in upper case; None where it does not know the question."""
        try:
            lines = self.wire.lines("CAPA")
        except Refused:
            self.wire.refusal = ""
            return None
        self.dialogue.note(Side.SERVER, "\n".join(lines))
        return {first: rest for first, *rest in filter(None, (line.upper().split() for line in lines))}

    def _start_tls(self) -> dict[str, list[str]] | None:
        self.stage = Stage.STARTTLS
        context = self._tls_context()
        try:
            self.wire.ask("STLS")
        except Refused:
            words = f"The server does not offer STARTTLS (STLS): {self.refusal}"
            raise self._error(Unreachable, "no_starttls", words) from None
        self.wire.secured(context.wrap_socket(self.wire.sock, server_hostname=self._host))
        return self._abilities()  # what was offered before TLS may come from anybody (RFC 2595 section 4)

    def _sign_in(self, offered: dict[str, list[str]] | None) -> None:
        self.stage = Stage.SIGN_IN
        secret, name = self._secret(), self._account.username
        methods = (offered or {}).get("SASL", [])
        if self.token:
            self._sign_in_with_token(name, secret, methods)
        elif offered is None or "USER" in offered:
            self.wire.ask(f"USER {name}")
            self.wire.ask("PASS", secret=secret)
        elif "PLAIN" in methods:
            self.wire.offer("AUTH PLAIN")
            self.wire.respond(b64encode(f"\0{name}\0{secret}".encode()).decode())
        else:
            raise self._error(Unreachable, "no_auth", "The server does not let anybody sign in with a password here.")

    def _sign_in_with_token(self, name: str, token: str, methods: list[str]) -> None:
        if "XOAUTH2" not in methods:
            words = "The server does not let anybody sign in with a token (XOAUTH2) here."
            raise self._error(Unreachable, "no_auth", words)
        # In a line of its own: a command has room for 255 bytes (RFC 5034 section 4), a token for ten times that.
        self.wire.offer("AUTH XOAUTH2")
        said = b64encode(xoauth2(name, token).encode()).decode()
        if self.wire.respond(said) and self.wire.respond(""):  # the error wants an empty answer before the refusal
            raise NoPop3("one question after the other")

    # -- what happened --
    def _ended(self, error: Exception, words: str) -> ImapError:
        if isinstance(error, OSError):
            return self._lost()
        if not isinstance(error, Refused):
            return self._no_answer()
        if BUSY.search(self.refusal):
            return self._error(Unreachable, "busy", words)
        if self.stage is Stage.SIGN_IN:
            return self._error(SignInRefused, "sign_in", words)
        return self.misbehaved(words, "refused")


@contextmanager
def open_maildrop(
    account: Account,
    *,
    timeout_s: float = TIMEOUT_S,
    most_s: float = MOST_S,
    listener: Callable[[Said], None] | None = None,
) -> Iterator[Maildrop]:
    """Connect, sign in, and say goodbye at the end; as open_mailbox, over POP3."""
    with opened(Pop3Line, account, timeout_s=timeout_s, most_s=most_s, listener=listener) as line:
        yield Maildrop(line)


def _numbered(line: str) -> tuple[int, int]:
    number, size = (int(word) for word in line.split(" ")[:2])
    if not (0 < number <= _MOST_NUMBER and 0 <= size <= _MOST_NUMBER):
        raise NoPop3("a number that cannot be")
    return number, size


def _named(line: str) -> tuple[int, str]:
    number, uidl = line.split(" ")[:2]
    if not _UIDL.fullmatch(uidl) or not 0 < int(number) <= _MOST_NUMBER:
        raise NoPop3("a unique id that is none")
    return int(number), uidl


def _arrival(raw: bytes) -> datetime | None:
    """Return when the server got the mail: the date in the topmost Received header, which is the server's own."""
    head = re.split(rb"\r?\n\r?\n", raw[:_HEAD_BYTES], maxsplit=1)[0]
    found = re.search(rb"(?:\A|\n)received:(.*(?:\r?\n[ \t].*)*)", head, re.IGNORECASE)
    if found is None:
        return None
    try:
        return parsedate_to_datetime(found[1].decode("ascii", "replace").rpartition(";")[2].strip()).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
