"""Make readable text of HTML in one pass: no markup, no scripts, breaks where blocks end."""

from __future__ import annotations

import html
import re

MAX_HTML = 1_000_000
# A tag ends at the next angle bracket at the latest, so that no run of "<" is walked twice.
_TAG = re.compile(r"(<[^<>]{1,5000}>)")
_NAME = re.compile(r"<\s*(/?)\s*([a-zA-Z0-9]+)")
_BLOCKS = frozenset(
    ["p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "pre", "hr"]
)
_SILENT = frozenset(["script", "style", "head", "title", "template"])
_MANY_BREAKS = re.compile(r"\n{3,}")


def text_of(markup: str) -> str:
    """Return the readable text of HTML, cut at 1 MB of markup. Any text is taken; what is no markup is kept."""
    pieces: list[str] = []
    silent = ""  # the end that is waited for: a tag's name, or "-->"
    for piece in _TAG.split(markup[:MAX_HTML]):
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
        elif name in _BLOCKS:
            pieces.append("\n")
    lines = (" ".join(line.split()) for line in html.unescape("".join(pieces)).split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()
