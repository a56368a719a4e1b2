"""How it sounds: shouting, doubled signs, words that are mistrusted, letters that are not what they seem."""

from __future__ import annotations

import re
from collections.abc import Iterator

from campaigns.templating.lint.findings import Finding, Severity
from campaigns.templating.lint.lists import spam_groups

_SHOUT = re.compile(r"\b[A-Z]{4,}\b")
_PUNCTUATION = re.compile(r"[!?]{2}|\uff01|\${2}")
# No letter needs these: they break words up where a filter looks for them.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_LATIN, _ALIKE = re.compile("[A-Za-z]"), re.compile("[\u0370-\u03ff\u0400-\u04ff]")
_WORD = re.compile(r"\w+")
MANY = 3  # words of mistrusted kinds


def tone(text: str, html: str) -> Iterator[Finding]:
    """Yield how the words may be taken."""
    shouted = sorted(set(_SHOUT.findall(text)))
    if len(shouted) > 1:
        what = f"Words in capitals: {', '.join(shouted[:5])}."
        yield Finding("shouting", Severity.WARN, what, "It reads as shouting, to filters too.", "Use small letters.")
    if _PUNCTUATION.search(text):
        what = "Doubled exclamation marks, question marks or dollar signs."
        yield Finding("punctuation", Severity.WARN, what, "It is a mark of junk mail.", "One is enough.")
    yield from _mistrusted(text)
    if _INVISIBLE.search(text) or _INVISIBLE.search(html):
        why = "They break words up to pass filters, which look for them. They also come along with what is copied."
        yield Finding("invisible", Severity.WARN, "There are invisible characters.", why, "Write the passage anew.")
    mixed = sorted({word for word in _WORD.findall(text) if _LATIN.search(word) and _ALIKE.search(word)})
    if mixed:
        why = "Letters that only look alike are how names are forged."
        what = f"A word mixes alphabets: {', '.join(mixed[:3])}."
        yield Finding("mixed_letters", Severity.WARN, what, why, "Write it anew on one keyboard.")


def _mistrusted(text: str) -> Iterator[Finding]:
    found = [(group, sorted({one[0].lower() for one in group.words.finditer(text)})) for group in spam_groups()]
    count = sum(len(words) for _, words in found)
    severity = Severity.WARN if count >= MANY else Severity.NOTE
    for group, words in found:
        if words:
            what = f"Words that sound like {group.name}: {', '.join(words[:5])}."
            yield Finding(f"spam_{group.code}", severity, what, group.why, group.fix)
