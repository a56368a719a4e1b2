"""A short text as sentences, clauses and plain words, so that rules need to know one spelling of each word. Pure.

Everything walks the text once: strangers choose it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

Words = tuple[str, ...]

# Marks between letters that people type, or their program makes of them; they go, so that "don't" is "dont".
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u2018\u00b4`\u02bc\u02b9\u2032\uff07"))
# What is no letter with a mark on it, and is typed without one all the same.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
_MARK = re.compile(
    r"[^\W_]+|[.!?;\u2026\u00bf]|[\n,:()\[\]\u2013\u2014|*\"\u201c\u201d\u201e\u00ab\u00bb]|(?<=\s)-+(?=\s)"
)
_ENDS = frozenset(".!?;\u2026\n")
_QUOTES = frozenset('"\u201c\u201d\u201e\u00ab\u00bb')
_MAIL = re.compile(r"\be[-\u2010\u2011 ]?(mail|post)")
_SPELLED = re.compile(r"\b([a-z])\.(?: ?([a-z])\.)(?: ?([a-z])\.?)?(?![a-z])")  # "a.u.b.", "s.v.p."
_WRAPPED = 4  # words of a line that may go on below; "hello Ann" is whole
_NAME_WORDS = 4
ADDRESS = "anaddress"  # letters alone, so that it is a word like others
# A full stop behind these ends nothing.
_SHORTENED = frozenset({
    "art", "abs", "gem", "lit", "nr", "bzw", "dr", "mr", "mrs", "ms", "hr", "inkl", "ca",
    "tel", "evtl", "ggf", "sig", "sra", "sr", "dhr", "mevr",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """Words between two marks. is_quoted: somebody else's. is_name: a line that looks like a name."""

    words: Words
    is_quoted: bool
    is_name: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """Clauses up to an end mark."""

    clauses: tuple[Clause, ...]
    is_question: bool


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """Return the sentences of a text with words as rules know them (see plain)."""
    found: list[Sentence] = []
    for line in _lines(text):
        found += _in_line(line)
    return tuple(found)


def words_of(text: str) -> Words:
    """Return the plain words of a text, whatever marks stand between them."""
    return tuple(found[0] for found in _MARK.finditer(plain(text)) if found[0][0].isalnum())


def plain(text: str) -> str:
    """Return a text in lower case, in plain Latin letters where it has such, without apostrophes.

    An address becomes one word of its own, one in brackets goes, as does a link; "e-mail" becomes "email".
    """
    if "@" in text or "://" in text or "www." in text:
        text = " ".join(_without_addresses(text.split(" ")))
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold().replace("&", " and ")
    if not text.isascii():
        text = text.translate(_APOSTROPHES).translate(_LETTERS)
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return _SPELLED.sub(lambda found: "".join(filter(None, found.groups())) + " ", _MAIL.sub(r"e\1", text))


def _without_addresses(words: list[str]) -> Iterator[str]:
    for word in words:
        end = word[-1:] if word[-1:] in ".,!?;:" else ""
        if "@" in word and word[0] in "(<[":
            yield end  # "remove me (ann@x.example) from your list"
        elif "@" in word:
            yield f"{ADDRESS}{end}"
        elif "://" in word or word.startswith("www."):
            yield end
        else:
            yield word


def _lines(text: str) -> Iterator[str]:
    """Return the lines as their writer broke them: one that a program has broken goes on below."""
    told = ""
    for line in text.split("\n"):
        bare = line.strip()
        if told and not (bare[:1].islower() and len(told.split()) >= _WRAPPED):
            yield told
            told = ""
        told = f"{told} {bare}".strip()
    if told:
        yield told


def _in_line(line: str) -> Iterator[Sentence]:
    text = plain(line)
    is_name = _looks_like_a_name(line)
    clauses: list[Clause] = []
    words: list[str] = []
    in_quotes = False

    def close() -> None:
        if words:
            clauses.append(Clause(tuple(words), in_quotes, is_name))
            words.clear()

    for found in _MARK.finditer(text):
        mark = found[0]
        if mark[0].isalnum():
            words.append(mark)
            continue
        follows = text[found.end() : found.end() + 1]
        if mark == "." and words and (words[-1] in _SHORTENED or (words[-1].isdigit() and follows.isalnum())):
            continue  # an abbreviation, a number, a date
        close()
        if mark in _QUOTES:
            in_quotes = not in_quotes
        if mark in _ENDS and clauses:
            yield Sentence(tuple(clauses), mark == "?")
            clauses = []
    close()
    if clauses:
        yield Sentence(tuple(clauses), is_question=False)


def _looks_like_a_name(line: str) -> bool:
    words = line.split()
    return len(words) <= _NAME_WORDS and line[-1:].isalpha() and all(word[0].isupper() for word in words)
