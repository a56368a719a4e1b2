"""Segments: conditions on contacts, written as text, judged in Python and compiled to SQL elsewhere. Pure."""

from campaigns.contacts.core.segments.combining import combined, segments_in
from campaigns.contacts.core.segments.errors import BadQuery
from campaigns.contacts.core.segments.judging import At, Did, Person, matches
from campaigns.contacts.core.segments.reading import LENGTH_LIMIT, parse
from campaigns.contacts.core.segments.tree import (
    EVERYBODY,
    All,
    DayIs,
    DayTest,
    Deed,
    DidIt,
    Either,
    Fact,
    Has,
    Node,
    Not,
    NumberIs,
    NumberTest,
    TextIs,
    TextTest,
)
from campaigns.contacts.core.segments.vocabulary import UNCHECKED, UNKNOWN, Kind, Vocabulary
from campaigns.contacts.core.segments.writing import write

__all__ = [
    "EVERYBODY", "LENGTH_LIMIT", "UNCHECKED", "UNKNOWN", "All", "At", "BadQuery", "DayIs", "DayTest", "Deed", "Did",
    "DidIt", "Either", "Fact", "Has", "Kind", "Node", "Not", "NumberIs", "NumberTest", "Person", "TextIs", "TextTest",
    "Vocabulary", "combined", "matches", "parse", "segments_in", "write",
]  # fmt: skip
