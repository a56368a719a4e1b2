"""The HTML of a stranger's mail as something that can be looked at: no code, nothing fetched, no way out.

What may stay is named, all else goes: no images, styles, forms, frames, SVG or MathML, and no attribute but the spans
of table cells. Links become their words with the real target beside them, to be read and not to be pressed: whoever
writes to us chooses both. The view serves the result under a policy of its own, in a sandboxed frame.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

import nh3

MOST = 300_000  # characters that are looked at
_LONGEST_TARGET = 200
_TAGS = {
    "a", "abbr", "address", "b", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "small",
    "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
# With these their content goes, too: it is no text of the mail.
_GONE = {"script", "style", "title", "template", "noscript", "textarea", "select", "option", "svg", "math", "object"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE,
    attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
    strip_comments=True,
)
_VOID = frozenset({"br", "hr"})
_MOST_CELLS = 100  # that one cell may span: a table of a billion columns stops a browser


def shown(html: str) -> str:
    """Return the HTML of a mail as it may be shown. Never raises; bounded by MOST."""
    writer = _Writer()
    writer.feed(_CLEANER.clean(html[:MOST]))
    writer.close()
    return "".join(writer.written)


class _Writer(HTMLParser):
    """Writes anew what nh3 has written, where every tag is closed and every attribute quoted, with links spelt out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._targets.append(next((value or "" for name, value in attrs if name == "href"), ""))
            self.written.append("<u>")
            return
        spans = "".join(f' {name}="{_span(value)}"' for name, value in attrs if name in {"colspan", "rowspan"})
        self.written.append(f"<{tag}{spans}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            target = self._targets.pop() if self._targets else ""
            self.written.append("</u>")
            if target:
                self.written.append(f" [{escape(target[:_LONGEST_TARGET])}]")
        elif tag not in _VOID:
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.written.append(escape(data))


def _span(value: str | None) -> int:
    text = value or ""
    return min(int(text), _MOST_CELLS) if text.isascii() and text.isdigit() and len(text) < 6 else 1
