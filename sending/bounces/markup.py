"""Make readable text of HTML in one pass: no markup, no scripts, breaks where blocks end."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

MAX_HTML = 1_000_000
# A tag ends at the next angle bracket at the latest, so that no run of "<" is walked twice.
_TAG = re.compile(r"(<[^<>]{1,5000}>)")
_NAME = re.compile(r"<\s*(/?)\s*([a-zA-Z0-9]+)")
_BLOCKS = frozenset(
    ["p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "pre", "hr"]
)
_SILENT = frozenset(["script", "style", "head", "title", "template"])
_MANY_BREAKS = re.compile(r"\n{3,}")
_QUOTE, _END_OF_QUOTE = "\ue000", "\ue001"  # for private use: where a quote begins and ends


def text_of(markup: str) -> str:
    """Return the readable text of HTML, cut at 1 MB of markup. Any text is taken; what is no markup is kept.

    Lines of what is quoted begin with ">", as they do in a text.
    """
    pieces: list[str] = []
    silent = ""  # the end that is waited for: a tag's name, or "-->"
    for piece in _TAG.split(markup[:MAX_HTML].replace(_QUOTE, "").replace(_END_OF_QUOTE, "")):
        if silent == "-->":
            silent = "" if "-->" in piece else silent
            continue
        if piece.startswith("<!--"):
            silent = "" if piece.endswith("-->") else "-->"
            continue
        tag = _NAME.match(piece) if piece.startswith("<") and piece.endswith(">") else None
        if tag is None:
            if not silent and not (piece.startswith("<!") and piece.endswith(">")):
                pieces.append(piece)
            continue
        name = tag[2].lower()
        if silent:
            silent = "" if tag[1] and name == silent else silent
        elif name in _SILENT and not tag[1] and not piece.endswith("/>"):
            silent = name
        elif name == "blockquote":
            pieces.append(f"\n{_END_OF_QUOTE if tag[1] else _QUOTE}\n")
        elif name in _BLOCKS:
            pieces.append("\n")
    return _MANY_BREAKS.sub("\n\n", "\n".join(_lines("".join(pieces)))).strip()


def _lines(text: str) -> Iterator[str]:
    """Yield the lines, those of a quote with a mark; how deep it lies does not matter to anybody."""
    depth = 0
    for line in text.split("\n"):
        if line in {_QUOTE, _END_OF_QUOTE}:
            depth = max(0, depth + (1 if line == _QUOTE else -1))
            continue
        words = " ".join(html.unescape(line).split())
        yield f"> {words}" if depth and words else words
