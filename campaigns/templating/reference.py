"""What the language has, in words and examples, for the page of reference; a test runs each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.templating.admission import MAX_CONSTANT
from campaigns.templating.admission import MAX_DEPTH as MAX_NESTING
from campaigns.templating.language import MAX_SOURCE, MAX_TOKENS
from campaigns.templating.marks import MAX_MARK, MAX_MARKS
from campaigns.templating.rendering import MAX_OUTPUT, MAX_VALUE
from campaigns.templating.spinning import MAX_CHOICES
from campaigns.templating.spinning import MAX_DEPTH as MAX_CHOICE_NESTING

# Of whom the examples are told.
SAMPLE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "full_name": "Ada Lovelace",
    "email": "ada@engines.example",
    "company": "ENGINES Ltd",
    "title": "chief programmer",
    "city": "London",
    "country": "GB",
    "employees": "1,200",
    "signed_on": "2026-03-09",
    "sender.name": "Olive",
    "sender.postal_address": "Engines Ltd, 1 Main Street, London",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be written: its form, what it does, an example and how SAMPLE reads it."""

    form: str
    does: str
    example: str
    reads: str


MISSING: Sequence[Entry] = (
    Entry(
        "{{ first_name|default('there') }}",
        "a fallback where the value is missing",
        "Hi {{ nickname|default('there') }},",
        "Hi there,",
    ),
    Entry("{{ nickname or first_name }}", "the first of two that is there", "{{ nickname or first_name }}", "Ada"),
    Entry(
        "{% if city %} … {% endif %}",
        "a passage only where the value is there",
        "{% if city %}How are things in {{ city }}?{% endif %}",
        "How are things in London?",
    ),
)

CONDITIONS: Sequence[Entry] = (
    Entry(
        "{% if … %} {% elif … %} {% else %} {% endif %}",
        "one of several passages",
        "{% if country == 'CH' %}Grüezi{% elif country == 'GB' %}Good day{% else %}Hello{% endif %}",
        "Good day",
    ),
    Entry(
        "== != in, not in, and, or, not",
        "compares texts, two at a time",
        "{% if 'Ltd' in company and not nickname %}a company{% endif %}",
        "a company",
    ),
    Entry(
        "< <= > >=",
        "compares numbers; the text is read as one first",
        "{% if employees|number > 200 %}all of you{% else %}you{% endif %}",
        "all of you",
    ),
    Entry(
        "is defined, is undefined",
        "asks whether a value is there",
        "{% if nickname is undefined %}no nickname{% endif %}",
        "no nickname",
    ),
    Entry(
        "{{ 'a' if … else 'b' }}",
        "the short form",
        "{{ 'you' if employees == '1' else 'your team' }}",
        "your team",
    ),
)

FILTER_ENTRIES: Sequence[Entry] = (
    Entry(
        "default('x')", "another text where the value is missing; short: d('x')", "{{ nickname|d('friend') }}", "friend"
    ),
    Entry("upper", "all letters large", "{{ country|lower|upper }}", "GB"),
    Entry("lower", "all letters small", "{{ email|upper|lower }}", "ada@engines.example"),
    Entry("capitalize", "the first letter large, the others as they are", "{{ title|capitalize }}", "Chief programmer"),
    Entry("title", "each word with a large first letter", "{{ company|title }}", "Engines Ltd"),
    Entry("trim", "without blanks around it", "“{{ ' Ada '|trim }}”", "“Ada”"),
    Entry("first_word", "what stands before the first space", "{{ full_name|first_word }}", "Ada"),
    Entry(
        "truncate(12)",
        "12 characters at most (80 without a number), cut at a word",
        "{{ 'Analytical engines of all sizes'|truncate(12) }}",
        "Analytical…",
    ),
    Entry(
        "replace('a', 'b')",
        "each place of a text gets another one; both have 200 characters at most",
        "{{ company|replace(' Ltd', '') }}",
        "ENGINES",
    ),
    Entry(
        "plural('one', 'many')",
        "the first text where the value is 1, else the second",
        "{{ employees }} {{ employees|plural('person', 'people') }}",
        "1,200 people",
    ),
    Entry(
        "number",
        "the number in 1200, 1,200, 1 200 or 12.5; missing where there is none",
        "{{ employees|number }}",
        "1200",
    ),
    Entry(
        "date('short')",
        "an ISO date in words: long, short, month, weekday or iso",
        "{{ signed_on|date }}, {{ signed_on|date('weekday') }}",
        "9 March 2026, Monday",
    ),
)

# Of the choices only that is told which needs no draw.
CHOICES: Sequence[Entry] = (
    Entry("{Hi|Hello|Good day}", "one of the wordings, the same for the same contact each time", "{Hi|Hi}", "Hi"),
    Entry("{Hi {there|you}|}", "nested, and one of them may be empty", "{Hi {you|you}|Hi you}", "Hi you"),
    Entry(r"\{ \| \}", "the signs themselves", r"\{a\|b\}", "{a|b}"),
)

ABSENT = "loops, calls, assignments, arithmetic, brackets, lists, includes, raw blocks and attributes of values"

LIMITS: Sequence[tuple[str, str]] = (
    (
        "the text of one part",
        f"{MAX_SOURCE:,} characters, {MAX_MARKS:,} marks, {MAX_TOKENS:,} signs inside and around them",
    ),
    ("one mark", f"{MAX_MARK:,} characters"),
    ("nesting", f"{MAX_NESTING} deep; of choices {MAX_CHOICE_NESTING} deep, {MAX_CHOICES} choices at most"),
    ("a quoted text", f"{MAX_CONSTANT:,} characters"),
    ("one value in a message", f"{MAX_VALUE:,} characters; a longer one holds the message, nothing is cut in silence"),
    ("a finished message", f"{MAX_OUTPUT:,} characters"),
)
