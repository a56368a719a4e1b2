"""The HTML of a wording: cleaned of whatever no mail needs, template marks left alone; and the text that it reads as.

Cleaned by nh3 (ammonia), read by inscriptis. Neither knows the marks of our language: they stand aside meanwhile.
"""

from __future__ import annotations

import hashlib
import re
from html import unescape

import nh3
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

from campaigns.templating import TemplateProblem
from campaigns.templating.marks import marks_of

# More than any letter has; what is done here costs at most a second for so much.
LONGEST_SOURCE = 200_000
# The parser's cost grows with the tags times the depth, and each tag, also one that closes, may open an element.
MOST_TAGS = 5_000
_TAG = re.compile(r"<[a-z/!?]", re.IGNORECASE)

# What a mail program shows alike, and what people paste who have a layout of their own.
_TAGS = {
    "a", "b", "blockquote", "br", "center", "code", "div", "em", "font", "h1", "h2", "h3", "h4", "hr", "i", "img",
    "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul",
}  # fmt: skip
_STYLES = {
    "background-color", "border", "border-collapse", "border-radius", "color", "font-family", "font-size", "font-style",
    "font-weight", "height", "line-height", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top",
    "max-width", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align",
    "text-decoration", "vertical-align", "width",
}  # fmt: skip
_CELL = {"align", "bgcolor", "colspan", "height", "rowspan", "valign", "width"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "title", "head", "xml"},
    attributes={
        "*": {"style", "dir", "lang"},
        "a": {"href", "title"},
        "img": {"src", "alt", "width", "height"},
        "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width", "role"},
        "td": _CELL,
        "th": _CELL,
        "tr": {"align", "bgcolor", "valign"},
        "font": {"color", "face", "size"},
    },
    attribute_filter=lambda tag, name, value: value if (tag, name) != ("img", "src") or _is_web(value) else None,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",  # a mail has no page that a link could be relative to; also a target that a variable begins
    link_rel=None,
    filter_style_properties=_STYLES,
)
_READING = ParserConfig(display_links=True)
_LINK = re.compile(r"\[([^\[\]]*)\]\(((?:https?|mailto|tel):[^()\s]*)\)")
# Bounded: an image behind more spaces than these loses its source without these words.
_EMBEDDED = re.compile(r"""\bsrc\s{0,20}=\s{0,20}(?:["']\s{0,20})?data:""", re.IGNORECASE)
# An element that is opened and not closed is opened anew in each paragraph behind it: so many copies cost a second.
MOST_REOPENED = 300_000
_FORMAT = "a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_ATTRIBUTES = r"""(?:\s++[a-z-]++=(?:"[^"<>]*+"|'[^'<>]*+'|[\w#%.:;-]++(?=[\s>])))*+\s*+"""
_VOID = re.compile(rf"<(?:br|img){_ATTRIBUTES}/?>", re.IGNORECASE)
_PAIR = re.compile(rf"<({_FORMAT}|span|sub|sup|o:p){_ATTRIBUTES}>[^<>]*+</\1\s*+>", re.IGNORECASE)
_OPENED = re.compile(rf"<(?:{_FORMAT})[\s/>]", re.IGNORECASE)
_DEEPEST = 5  # formats within each other that are told from those that nobody closes
_STAND_IN = re.compile(r"mark[0-9a-f]{16}x[0-9]{1,4}x")
# What an editor may have put into a mark when a part of it was made bold, for one.
_TAG_IN_MARK = re.compile(r"</?(?:a|b|br|code|em|font|i|s|small|span|strong|u)\b[^<>]*>", re.IGNORECASE)


class MarkupProblem(ValueError):
    """HTML that is not taken; the text says why, and what to do."""


def clean_html(source: str) -> str:
    """Return the HTML without scripts, comments, forms, and whatever else no mail needs; "" when it shows nothing.

    Template marks stay as they are written, but for what HTML made of their signs (`&gt;`). Raises MarkupProblem.
    """
    _refuse_costly(source)
    if _EMBEDDED.search(source):
        raise MarkupProblem(
            "An image stands in the HTML itself (data:), which mail programs do not show. Take it out, or put it on a "
            "web server and link it."
        )
    aside, marks = _set_aside(source)
    cleaned = _CLEANER.clean(aside).strip()
    return _put_back(cleaned, marks) if "<img" in cleaned or _shown(cleaned) else ""


def _refuse_costly(source: str) -> None:
    if len(source) > LONGEST_SOURCE:
        raise MarkupProblem(f"HTML may have {LONGEST_SOURCE:,} characters at most. Write less, or paste it as text.")
    tags = len(_TAG.findall(source))
    if tags > MOST_TAGS:
        raise MarkupProblem(f"HTML may hold {MOST_TAGS:,} tags at most. Write less, or paste it as text.")
    if tags * _unclosed(source) > MOST_REOPENED:
        raise MarkupProblem("Too much of it opens bold, a font or a link and does not close it. Paste it as text.")


def _unclosed(source: str) -> int:
    """Return how many formats are opened and perhaps never closed: all but those that surely are.

    Surely: with attributes written by the rules, and nothing but text and others of the kind up to the closing tag.
    """
    rest = _VOID.sub(" ", source)
    for _ in range(_DEEPEST):
        rest, count = _PAIR.subn(" ", rest)
        if not count:
            break
    return len(_OPENED.findall(rest))


def text_of_html(source: str) -> str:
    """Return the text that HTML reads as, for the text part of the mail: each link with its target behind it."""
    aside, marks = _set_aside(source)
    lines = [line.rstrip() for line in _LINK.sub(_link_words, get_text(aside, _READING)).strip().splitlines()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return _put_back(f"{text}\n", marks) if text else ""


def _set_aside(source: str) -> tuple[str, dict[str, str]]:
    """Put a word in the place of each mark, and return which. Where a mark is never closed, all is plain text."""
    try:
        marks = marks_of(source)
    except TemplateProblem:
        return source, {}
    name = "mark" + hashlib.sha256(source.encode(errors="replace")).hexdigest()[:16]
    words: dict[str, str] = {}
    parts: list[str] = []
    at = 0
    for number, mark in enumerate(marks):
        word = f"{name}x{number}x"
        words[word] = _TAG_IN_MARK.sub("", unescape(_TAG_IN_MARK.sub("", source[mark.start : mark.end])))
        words[word] = words[word].replace("\u00a0", " ")
        parts += [source[at : mark.start], word]
        at = mark.end
    return "".join([*parts, source[at:]]), words


def _put_back(text: str, marks: dict[str, str]) -> str:
    if not marks:
        return text
    return _STAND_IN.sub(lambda found: marks.get(found[0], found[0]), text)


def _is_web(value: str) -> bool:
    return value.lower().startswith(("https://", "http://"))


def _shown(html: str) -> str:
    return unescape(re.sub(r"<[^<>]*>", "", html)).replace("\u00a0", " ").strip()


def _link_words(found: re.Match[str]) -> str:
    words, target = found[1].strip(), found[2]
    bare = target.removeprefix("mailto:").removeprefix("tel:")
    return bare if not words or words in {target, bare, bare.rstrip("/")} else f"{words} ({bare})"
