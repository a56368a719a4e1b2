"""Which links of a message are followed, and the message as it leaves: with our addresses in their place. Pure.

An address that the reader sees stays as it is: behind words that name one place, a link leads there and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from html import escape, unescape
from urllib.parse import urlsplit

from sending.links.optline import html_line, language_in, text_line

LONGEST_URL = 2000
_MOST = 50  # links of one message
# As our own cleaner writes them: a tag ends at the first ">" outside of quotes.
_ANCHOR = re.compile(r"""<a\s((?:[^>"']|"[^"]*"|'[^']*')*)>(.*?)</a\s*>""", re.IGNORECASE | re.DOTALL)
_HREF = re.compile(r"""((?:^|\s)href\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
# As mail programs find them (GFM, "autolinks (extended)"): brackets belong to an address as far as they close in it,
# and what is quoted by apostrophes ends at the second one. Nothing is tried twice: time grows with the text alone.
_BEGIN = re.compile("https?://", re.IGNORECASE)  # looked for alone, which is forty times faster
_CHAR = r"[^\s<>\"{}|\\^`()\[\]]"
_ROUND = rf"\((?:{_CHAR}|\({_CHAR}{{0,200}}+\)){{0,200}}+\)"
_SQUARE = rf"\[{_CHAR}{{0,200}}+\]"
_BARE = re.compile(rf"(?:{_CHAR}|{_ROUND}|{_SQUARE})*+")
_QUOTED = re.compile(r"[^\s<>\"{}|\\^`()\[\]']*+")
_POINTS = ".,;:!?…'*_~"  # at its end they belong to the sentence
_LOOKS_LIKE_A_PLACE = re.compile(r"(?:https?://\S+|www\.\S+|(?:[\w-]+\.)+[a-z]{2,}(?:[/?#]\S*)?)", re.IGNORECASE)
_PUBLIC = re.compile(r"[^.\[\]:][^\[\]:]*\.(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})", re.IGNORECASE)
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\\"<>^`{|}]")
_END = re.compile(r"</body\s*>", re.IGNORECASE)


class Trace(IntFlag):
    """What a message is marked with; kept with it, so that each try has the same bytes."""

    CLICKS = 1  # links in its HTML are followed
    TEXT_CLICKS = 2  # and those in its plain text
    OPENS = 4  # an image in its HTML is
    OPT_OUT = 8  # a line below it says how to opt out; its language stands above, see optline.py
    LANGUAGE = 0xF0


FOLLOWED = Trace.CLICKS | Trace.TEXT_CLICKS | Trace.OPENS


@dataclass(frozen=True, slots=True)
class Marks:
    """The addresses that belong into one message.

    link: of a destination, None where it stays as it is. opt_out: "" where people opt out by answering alone.
    """

    link: Callable[[str], str | None]
    trap: str  # where no person can click
    image: str
    opt_out: str


def is_destination(url: str) -> bool:
    """Say whether a link is one that may be followed: of the web, to a host with a public name, without an account."""
    if len(url) > LONGEST_URL or _UNFIT.search(url) or not url.isascii():
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        return False
    # A public name: browsers take a last label of digits, or of 0x, for a part of an IP address.
    return _PUBLIC.fullmatch(host) is not None and not host.endswith((".localhost", ".local", ".internal"))


def links_of(text: str, html: str, traces: Trace) -> list[str]:
    """Return the links of a message that are followed, each once."""
    found: dict[str, None] = {}
    if traces & Trace.CLICKS and html:
        for match in _ANCHOR.finditer(html):
            if url := _url_of(match):
                found.setdefault(url)
    if traces & Trace.TEXT_CLICKS:
        for start, end in _in_text(text):
            found.setdefault(text[start:end])
    return list(found)[:_MOST]


def may_have_link(html: str) -> bool:
    """Say whether a wording's HTML, whose variables are not filled in yet, may have a link that is followed."""
    return any("{" in match[0] or _url_of(match) for match in _ANCHOR.finditer(html))


def present(text: str, html: str, traces: Trace) -> Trace:
    """Return those of the traces that a message can have: no clicks without a link to follow, no image without HTML.

    Rates are counted of the messages that are marked.
    """
    if traces & Trace.CLICKS and not _has_link(html):
        traces &= ~Trace.CLICKS
    if traces & Trace.TEXT_CLICKS and not any(_in_text(text)):
        traces &= ~Trace.TEXT_CLICKS
    if not html:
        traces &= ~Trace.OPENS
    return traces


def marked(text: str, html: str, traces: Trace, marks: Marks) -> tuple[str, str]:
    """Return the text and the HTML ("" for none) of a message as it leaves."""
    if traces & Trace.TEXT_CLICKS:
        text = "".join(_followed(text, marks))
    if traces & Trace.OPT_OUT:
        text = f"{text.rstrip()}\n\n{text_line(language_in(traces), marks.opt_out)}\n"
    if not html:
        return text, html
    below = ""
    if traces & Trace.OPT_OUT:
        below += html_line(language_in(traces), marks.opt_out)
    if traces & Trace.CLICKS and _has_link(html):
        html = _ANCHOR.sub(lambda match: _anchor(match, marks), html)
        below += f'<a href="{escape(marks.trap)}"></a>'
    if traces & Trace.OPENS:
        below += f'<img src="{escape(marks.image)}" width="1" height="1" alt="">'
    before, after = parted(html)
    return text, f"{before}{below}{after}"


def parted(html: str) -> tuple[str, str]:
    """Return an HTML in two: what is read, to whose end something may be put, and the end tags behind it."""
    end = _END.search(html)
    return (html[: end.start()], html[end.start() :]) if end else (html, "")


def _url_of(anchor: re.Match[str]) -> str:
    """Return where an anchor leads, "" where that is not followed."""
    href = _HREF.search(anchor[1])
    url = unescape(href[2][1:-1]).strip() if href else ""
    words = unescape(_TAG.sub("", anchor[2])).strip()
    return "" if _LOOKS_LIKE_A_PLACE.fullmatch(words) or not is_destination(url) else url


def _anchor(match: re.Match[str], marks: Marks) -> str:
    url = _url_of(match)
    ours = marks.link(url) if url else None
    if ours is None:
        return match[0]
    attributes = _HREF.sub(lambda href: f'{href[1]}"{escape(ours)}"', match[1], count=1)
    return f"<a {attributes}>{match[2]}</a>"


def _has_link(html: str) -> bool:
    return any(_url_of(match) for match in _ANCHOR.finditer(html))


def _in_text(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in a plain text the addresses begin and end that may be followed."""
    at = 0
    while begin := _BEGIN.search(text, at):
        start = begin.start()
        shape = _QUOTED if text[start - 1 : start] == "'" else _BARE
        found = shape.match(text, begin.end())
        at = found.end() if found else begin.end()
        end = start + len(text[start:at].rstrip(_POINTS))
        if is_destination(text[start:end]):
            yield start, end


def _followed(text: str, marks: Marks) -> Iterator[str]:
    """Yield a plain text in pieces, with our addresses in their place."""
    at = 0
    for start, end in _in_text(text):
        ours = marks.link(text[start:end])
        if ours is not None:
            yield text[at:start]
            yield ours
            at = end
    yield text[at:]
