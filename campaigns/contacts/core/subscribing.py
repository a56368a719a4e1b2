"""Whether somebody is a company to the law of unasked mail, or an individual: words of files, to one of two. Pure.

PECR 2003, regulation 2 (1): a body with a legal person of its own is a corporate subscriber; a sole trader and a
partnership without one (all but limited ones and those of Scotland) are individuals.
"""

from __future__ import annotations

from campaigns.contacts.core.headings import plain
from campaigns.contacts.states import Subscribers

_WORDS = {
    Subscribers.COMPANIES: (
        "companies", "company", "a company", "corporate", "corporation", "corporate subscriber", "body corporate",
        "legal person", "legal entity", "limited", "limited company", "ltd", "ltd.", "private limited company", "plc",
        "public limited company", "llp", "limited liability partnership", "inc", "inc.", "llc", "gmbh", "ag", "se",
        "public body", "government", "council", "scottish partnership",
    ),
    Subscribers.INDIVIDUALS: (
        "individuals", "individual", "an individual", "individual subscriber", "person", "private person", "private",
        "natural person", "consumer", "sole trader", "sole-trader", "sole proprietor", "sole proprietorship",
        "self-employed", "self employed", "freelancer", "freelance", "partnership", "general partnership",
        "ordinary partnership", "unincorporated", "einzelunternehmen", "einzelunternehmer", "freiberufler",
    ),
}  # fmt: skip
_KINDS = {plain(word): kind for kind, words in _WORDS.items() for word in words}


def parse_subscriber(text: str) -> Subscribers | None:
    """Return what a word says somebody is; None where it says neither."""
    return _KINDS.get(plain(text))
