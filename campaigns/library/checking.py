"""Whether the library takes an entry: its name, its sizes, and what the template language says to its wording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campaigns.library.core.places import MOST_PLACES, places_in
from campaigns.library.errors import BadEntry
from campaigns.library.models import NAME_LIMIT, NOTE_LIMIT, SNIPPET_LIMIT, SUBJECT_LIMIT, TEXT_LIMIT
from campaigns.sequences.markup import MarkupProblem, clean_html
from campaigns.sequences.services import Text
from campaigns.templating import TemplateProblem, check, check_spin

Cause = tuple[str, str]  # a field, and what is wrong with it


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """A template as a person writes it."""

    name: str
    note: str
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class SnippetEntry:
    """A snippet as a person writes it."""

    name: str
    text: str


def checked_template(entry: TemplateEntry, *, known: frozenset[str]) -> TemplateEntry:
    """Return the entry as it is kept. known: the variables there are. Raises BadEntry with all that is wrong."""
    html, found = _cleaned(_lines(entry.html))
    one = TemplateEntry(_line(entry.name), _line(entry.note), _line(entry.subject), _lines(entry.text), html)
    limits = {"name": NAME_LIMIT, "note": NOTE_LIMIT, "subject": SUBJECT_LIMIT, "text": TEXT_LIMIT, "html": TEXT_LIMIT}
    values = {name: getattr(one, name) for name in limits}
    found += [*_sizes(values, limits), *_wording(values, ("subject", "text", "html"), known)]
    count = len(places_in([one.subject, one.text], html=one.html))
    if count > MOST_PLACES:
        found.append(("text", f"It leaves {count} places to fill in; {MOST_PLACES} is the most."))
    if found:
        raise BadEntry(found)
    return one


def checked_snippet(entry: SnippetEntry, *, known: frozenset[str]) -> SnippetEntry:
    """Return the entry as it is kept. known: the variables there are. Raises BadEntry with all that is wrong."""
    one = SnippetEntry(_line(entry.name), _lines(entry.text))
    values = {"name": one.name, "text": one.text}
    found = [*_sizes(values, {"name": NAME_LIMIT, "text": SNIPPET_LIMIT}), *_wording(values, ("text",), known)]
    if found:
        raise BadEntry(found)
    return one


def text_problems(text: Text, *, known: frozenset[str]) -> list[str]:
    """Return what is wrong with a wording that a template has become with somebody's words in its places."""
    values = {"subject": text.subject, "text": text.body_text, "html": text.body_html}
    limits = {"subject": SUBJECT_LIMIT, "text": TEXT_LIMIT, "html": TEXT_LIMIT}
    found = [*_too_long(values, limits), *_wording(values, tuple(values), known)]
    return [f"{name[:1].upper()}{name[1:]}: {cause}" for name, cause in found]


def words_of(problem: TemplateProblem) -> str:
    """Return a problem of the language as a sentence with its place."""
    return f"Line {problem.line}, column {problem.column}: {problem.message} {problem.hint}".rstrip()


def _cleaned(html: str) -> tuple[str, list[Cause]]:
    """Return the HTML without what no mail needs, and what is wrong with it."""
    try:
        return clean_html(html), []
    except MarkupProblem as problem:
        return "", [("html", str(problem))]


def _sizes(values: Mapping[str, str], limits: Mapping[str, int]) -> Iterator[Cause]:
    yield from _too_long(values, limits)
    if not values["name"]:
        yield "name", "Give it a name."
    elif not values["name"].isprintable():
        yield "name", "The name has invisible characters."
    if not values["text"].strip():
        yield "text", "Write its text."


def _too_long(values: Mapping[str, str], limits: Mapping[str, int]) -> Iterator[Cause]:
    for name, limit in limits.items():
        if len(values[name]) > limit:
            yield name, f"It has {len(values[name]):,} characters; {limit:,} is the most."


def _wording(values: Mapping[str, str], fields: tuple[str, ...], known: frozenset[str]) -> Iterator[Cause]:
    for name in fields:
        source = values[name]
        if len(source) <= TEXT_LIMIT:
            yield from ((name, words_of(one)) for one in [*check_spin(source), *check(source, known=known)])


def _line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """Return the text with one character for each line end, whatever a browser sends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
