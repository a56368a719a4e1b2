"""The addresses of one message that lead back to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from outreach.env import env
from outreach.kit.tokens import instance_signer
from sending.links.core import FOLLOWED, Marks, Trace, links_of, marked

CLICK, OPEN, OPT_OUT = "click", "open", "opt-out"
TRAP = 0  # the number of the link that no person sees
_host = env().tracking_url
_NOBODY = 0  # of a preview, a rehearsal, a test: its addresses lead nowhere
_nowhere = ContextVar("addresses lead nowhere", default=False)


def host() -> str:
    """Return the address that those of messages begin with, "" where this instance has none.

    Those of a workspace with a tracking domain of its own begin with that, see hosts/bases.py.
    """
    return _host


class _Process:
    leads_nowhere = False


@contextmanager
def leading_nowhere() -> Iterator[None]:
    """Make addresses of the shape of real ones, that are nobody's, while the block lasts."""
    before = _nowhere.set(True)
    try:
        yield
    finally:
        _nowhere.reset(before)


def lead_nowhere() -> None:
    """Make no other addresses in this process any more."""
    _Process.leads_nowhere = True


def leads_nowhere() -> bool:
    """Say whether the addresses that are made here now are nobody's."""
    return _nowhere.get() or _Process.leads_nowhere


def as_shown(text: str, html: str, traces: Trace, base: str) -> tuple[str, str]:
    """Return a text and its HTML as they would leave, with addresses that are nobody's and begin with base."""
    links = dict.fromkeys(links_of(text, html, traces), TRAP)
    return OfMessage(_NOBODY, _NOBODY, base).put_into(text, html, traces, links)


class OfMessage:
    """Makes the addresses of a message; contact and message 0 are nobody's.

    base: what they begin with, "" where there are none to be made.
    """

    def __init__(self, message_id: int, contact_id: int, base: str = _host) -> None:
        self._base = base
        self._is_live = bool(message_id) and not leads_nowhere()
        self._message, self._contact = (message_id, contact_id) if self._is_live else (_NOBODY, _NOBODY)

    def opt_out(self) -> str:
        if not self._base:
            return ""
        return f"{self._base}/u/{instance_signer().sign(OPT_OUT, self._contact, self._message)}"

    def put_into(self, text: str, html: str, traces: Trace, destinations: Mapping[str, int]) -> tuple[str, str]:
        """Return a text and its HTML as they leave. Without a host nothing is followed, and one opts out by answering.

        destinations: the number of each link that is followed.
        """
        if not self._base:
            traces &= ~FOLLOWED
        return marked(text, html, traces, self.marks(destinations)) if traces else (text, html)

    def marks(self, destinations: Mapping[str, int]) -> Marks:
        """Return what is put into the message; destinations: the number of each that it names."""
        return Marks(
            link=lambda url: self._click(destinations[url]) if url in destinations else None,
            trap=self._click(TRAP),
            image=f"{self._base}/o/{instance_signer().sign(OPEN, self._message)}",
            opt_out=self.opt_out(),
        )

    def _click(self, number: int) -> str:
        return f"{self._base}/c/{instance_signer().sign(CLICK, self._message, number if self._is_live else TRAP)}"
