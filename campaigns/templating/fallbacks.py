"""Put a fallback behind each use of a variable that would show a hole, and leave everything else as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from campaigns.templating.language import compile_template, parsed_mark
from campaigns.templating.marks import Mark, marks_of
from campaigns.templating.problems import TemplateProblem
from campaigns.templating.rendering import missing
from campaigns.templating.uses import Role, deciding, uses

LONGEST = 200
_TOKEN = re.compile(
    r"""(?P<text>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")|(?P<name>[A-Za-z_]\w*)|(?P<sign>[^\s])|\s+""",
    re.DOTALL,
)
_KEYWORDS = frozenset({"if", "elif", "else", "and", "or", "not", "in", "is", "true", "false", "True", "False"})
_TAG = re.compile(r"\{%[-+]?\s*(?:if|elif)\b")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f{}\ud800-\udfff\u2028\u2029]")
# What most people write where a value is missing.
USUAL = {
    "first_name": "there",
    "full_name": "there",
    "last_name": "there",
    "company": "your company",
    "title": "your role",
    "city": "your city",
    "region": "your region",
    "country": "your country",
    "website": "your website",
}


@dataclass(frozen=True, slots=True)
class _Use:
    """One use of a variable in the source: its name, and where a filter behind it would stand."""

    name: str
    end: int


def bare_uses(source: str) -> frozenset[str]:
    """Return the variables that the text uses somewhere without anything to take their place.

    Raises TemplateProblem for a text that the language does not have.
    """
    compile_template(source)
    return frozenset(
        name for mark in marks_of(source) for name, role in _read(source, mark)[1] if role in {Role.PRINTED, Role.SIZED}
    )


def with_fallback(source: str, name: str, words: str) -> str:
    """Return the text with `words` wherever the variable would show a hole.

    Where a size is compared, only a number can stand in: others leave the comparison as it is. A contact who has the
    value reads the same as before. Raises TemplateProblem for words that no fallback can be, and for a text that the
    language does not have before or after.
    """
    if not words.strip() or len(words) > LONGEST or _UNFIT.search(words):
        hint = f"One line of at most {LONGEST} characters, without braces."
        raise TemplateProblem("This cannot be a fallback.", hint=hint, code="too_long")
    compile_template(source)
    places: list[tuple[int, str]] = []
    for mark in marks_of(source):
        places += _places(source, mark, name, words.strip())
    made = source
    for at, put in sorted(places, key=lambda one: one[0], reverse=True):
        made = made[:at] + put + made[at:]
    compile_template(made)
    return made


def _places(source: str, mark: Mark, name: str, words: str) -> Iterator[tuple[int, str]]:
    """Yield what is put in where: numbers behind what is compared, words behind all that a mark prints."""
    tree, used = _read(source, mark)
    if words.isdecimal() and words.isascii():
        written = _written(source, mark)
        # a form that is read in another order than it is written gets no fallback rather than a wrong one
        if [one for one, _ in used] == [use.name for use in written]:
            for (one, role), use in zip(used, written, strict=True):
                if one == name and role is Role.SIZED:
                    yield use.end, f"|default({int(words)})"
    if tree is None or not _may_show_a_hole(source[mark.start : mark.end], tree, used, name):
        return
    inner = source[mark.start + 2 : mark.end - 2]
    begin = len(inner) - len(inner.lstrip("-+").lstrip())
    end = mark.start + 2 + len(inner.rstrip("-+").rstrip())
    is_chain = isinstance(tree, nodes.Filter | nodes.Name | nodes.Getattr | nodes.Const)
    if not is_chain:
        yield mark.start + 2 + begin, "("
    yield end, f"{'' if is_chain else ')'}|default({_quoted(words)})"


def _may_show_a_hole(mark: str, tree: nodes.Node, used: list[tuple[str, Role]], name: str) -> bool:
    if (name, Role.PRINTED) in used:
        return True
    # A filter that leaves nothing of a text names the first variable in it, whatever took its place.
    if name in deciding(tree) and any(one == name and role is not Role.SIZED for one, role in used):
        return True
    if (name, Role.SIZED) in used:  # a number that is lacking is noted where it is compared
        return False
    alone = compile_template(mark)
    others = dict.fromkeys(alone.variables - {name}, "x")
    return name in missing(alone, {}) | missing(alone, others)


def _read(source: str, mark: Mark) -> tuple[nodes.Node | None, list[tuple[str, Role]]]:
    """Return what a mark prints, None where it prints nothing, and its uses of variables in order."""
    if mark.opening == "{{":
        (output,) = parsed_mark(source[mark.start : mark.end]).body
        assert isinstance(output, nodes.Output)  # a checked mark
        tree = next((one for one in output.nodes if not isinstance(one, nodes.TemplateData)), None)
        return tree, list(uses(tree)) if tree else []
    found = _TAG.match(source, mark.start)
    if found is None:  # else, endif, a comment
        return None, []
    expression = source[found.end() : mark.end - 2].rstrip("-+")
    return None, list(uses(parsed_mark("{{ " + expression + " }}"), Role.TESTED))


def _written(source: str, mark: Mark) -> list[_Use]:
    """Return the variables of a mark as they stand in the source, in order, each with the end of its filters."""
    tokens = [found for found in _TOKEN.finditer(source, mark.start + 2, mark.end - 2) if not found[0].isspace()]
    found: list[_Use] = []
    for place, token in enumerate(tokens):
        if token["name"] is None or token[0] in _KEYWORDS or _belongs(tokens, place):
            continue
        name, last = token[0], place
        if _sign(tokens, place + 1) == "." and place + 2 < len(tokens):
            name, last = f"{name}.{tokens[place + 2][0]}", place + 2
        found.append(_Use(name, tokens[_behind_filters(tokens, last)].end()))
    return found


def _belongs(tokens: list[re.Match[str]], place: int) -> bool:
    """Say whether a word is part of something else: a filter, an attribute, a test."""
    before = tokens[place - 1][0] if place else ""
    if before == "not" and place > 1:
        before = tokens[place - 2][0]
        return before == "is"
    return before in {"|", ".", "is"}


def _behind_filters(tokens: list[re.Match[str]], place: int) -> int:
    """Return the place of the last token of the filters that stand directly behind a name."""
    while _sign(tokens, place + 1) == "|" and place + 2 < len(tokens):
        place += 2
        if _sign(tokens, place + 1) == "(":
            depth = 0
            for at in range(place + 1, len(tokens)):
                depth += (_sign(tokens, at) == "(") - (_sign(tokens, at) == ")")
                if not depth:
                    place = at
                    break
    return place


def _sign(tokens: list[re.Match[str]], place: int) -> str:
    return (tokens[place]["sign"] or "") if place < len(tokens) else ""


def _quoted(words: str) -> str:
    quote = '"' if "'" in words and '"' not in words else "'"
    return quote + words.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
