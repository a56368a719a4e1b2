"""Whether a part of a message says something to each of its readers: in every choice, way and signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from html import unescape

from campaigns.templating.lint.lists import opt_out_sentence
from campaigns.templating.lint.page import page_of
from campaigns.templating.readings import readings

Says = Callable[[str], bool]
ADDRESS = "sender.postal_address"
SIGNATURE = "sender.signature"
_WORD = re.compile(r"\w+")
# Where a sentence ends: at its point, at the end of a line that ends with a mark, at an empty line.
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|(?<=[,:])\s*\n|\n\s*\n")
_PREFIX = re.compile(r"(?:\W|p\.? ?s\b)*", re.IGNORECASE)
_QUOTES = re.compile(r"[\"“”„«»\u2018\u201a\u2039\u203a()*_]|(?<!\w)'|'(?!\w)")
_LONGEST_SENTENCE = 300


def says_opt_out(text: str) -> bool:
    """Say whether a whole sentence of a text tells how to hear no more by answering.

    Strict: where nothing fits, a line is put below the message, and one too many does no harm.
    """
    plain = _QUOTES.sub("", text.replace("\u2019", "'"))
    sentences = (_PREFIX.sub("", " ".join(one.split()), count=1) for one in _SENTENCES.split(plain))
    fits = opt_out_sentence().fullmatch
    return any(fits(one.rstrip(".!… ")) for one in sentences if len(one) <= _LONGEST_SENTENCE)


def shows(address: str) -> Says:
    """Return what says whether a text shows a postal address: line ends and commas are set differently each time."""
    wanted = _plain(address)
    return lambda text: may_show(text, address) and wanted in _plain(text)


def may_show(text: str, address: str) -> bool:
    """Say whether a text or the source of an HTML part has the words of an address: most lack one, and need no look."""
    folded = unescape(text).casefold()
    return all(word in folded for word in _WORD.findall(address.casefold()))


def always_says(
    source: str, says: Says, values: Mapping[str, str], *, signatures: Collection[str] = (), html: bool = False
) -> bool:
    """Say whether a part says it in whatever it may read as. html: the part is HTML, of which the text is what is read.

    values: what variables print. A signature stands below where the wording does not place it; each sender has one.
    """
    least = next((one for one in signatures if not says(one)), next(iter(signatures), ""))
    below = "" if SIGNATURE in source else f"\n{least}"
    is_said = _in_page(says) if html else says
    return all(is_said(text) or says(below) for text in readings(source, is_said, {**values, SIGNATURE: least}))


def _in_page(says: Says) -> Says:
    return lambda html: says(page_of(html).text)


def _plain(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
