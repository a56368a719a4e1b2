"""The rows of a condition on a page: read what was filled in, add and remove rows, say what each row can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.module_loading import import_string

from campaigns.contacts import queries
from campaigns.contacts.core.providers import LABELS as PROVIDER_LABELS
from campaigns.contacts.core.segments import UNCHECKED, UNKNOWN, BadQuery, Deed, Fact, Kind, TextTest, Vocabulary
from campaigns.contacts.core.segments.sheets import ALL, ANY, EVER, LAST, NOT, Group, Row, Sheet, leaf_of
from campaigns.contacts.core.segments.tree import RELATIVE
from campaigns.contacts.core.segments.values import MOST_CONDITIONS, VALUE_LIMIT
from campaigns.contacts.core.segments.vocabulary import ADDED, BUILT_IN, tests_of
from campaigns.contacts.core.verdicts import VERDICT_LABELS
from campaigns.contacts.models import ContactImport, CustomField
from outreach.accounts.access import Member
from outreach.slots import CAMPAIGN_NAMES

_GROUPS = 8
_IMPORTS = 100  # the newest to choose among
_FACT_LABELS = {
    Fact.LIST: "List", Fact.TAG: "Tag", Fact.SEGMENT: "Segment", Fact.VERDICT: "Verdict on the address",
    Fact.PROVIDER: "Mail provider", Fact.SUPPRESSED: "Suppression", Fact.IMPORT: "Import",
}  # fmt: skip
_DEED_LABELS = {
    Deed.MAILED: "Was written to", Deed.REPLIED: "Replied", Deed.BOUNCED: "Bounced for good",
    Deed.OPTED_OUT: "Opted out", Deed.CLICKED: "Clicked, by all signs in person",
    Deed.OPENED: "Opened, as far as one can tell",
}  # fmt: skip
_TEST_WORDS = {
    "is": "is", "not_is": "is not", "contains": "contains", "not_contains": "does not contain",
    "begins": "begins with", "not_begins": "does not begin with", "empty": "is empty", "not_empty": "is not empty",
    "equals": "is", "not_equals": "is not", "over": "is over", "under": "is under", "least": "is at least",
    "most": "is at most", "before": "is before", "after": "is after", "on": "is on", "last": "in the last … days",
    "next": "in the next … days", "older": "more than … days ago",
}  # fmt: skip
_SUPPRESSED_TESTS = [("is", "must not be written to"), ("not_is", "may be written to")]
_DEED_TESTS = [
    (EVER, "ever"),
    ("not_ever", "never"),
    (LAST, "in the last … days"),
    ("not_last", "not in the last … days"),
]


@dataclass(frozen=True, slots=True)
class RowView:
    """A row with what each of its parts can be. name begins the ids of its inputs; input is their kind of value."""

    row: Row
    name: str
    tests: Sequence[tuple[str, str]]
    input: str  # "", "text", "number", "date", "days", "choice", "tag"
    choices: Sequence[tuple[str, str]]
    has_campaign: bool


def sheet_from(post: QueryDict) -> Sheet:
    """Return the rows as they were filled in, after what the pressed button does to them."""
    groups = [_group(post, number) for number in range(_GROUPS) if f"g{number}-join" in post]
    sheet = Sheet(_join(post.get("join", "")), tuple(groups) or (Group(),))
    return _changed(sheet, post.get("do", ""))


def checked(sheet: Sheet, vocabulary: Vocabulary) -> tuple[Sheet, bool]:
    """Return the rows with the problem of each, and whether none has one."""
    groups = tuple(
        replace(group, rows=tuple(_checked_row(row, vocabulary) for row in group.rows)) for group in sheet.groups
    )
    is_good = not any(row.problem for group in groups for row in group.rows)
    return Sheet(sheet.join, groups), is_good


def sheet_context(member: Member, sheet: Sheet, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return what the page of rows needs."""
    choices = _Choices(member)
    return {
        "join": sheet.join,
        "groups": [
            (
                number,
                group,
                [_row_view(row, f"g{number}-r{at}", vocabulary, choices) for at, row in enumerate(group.rows)],
            )
            for number, group in enumerate(sheet.groups)
        ],
        "whats": _whats(member),
        "campaigns": choices.campaigns,
        "may_add": sum(len(group.rows) for group in sheet.groups) < MOST_CONDITIONS,
        "may_group": len(sheet.groups) < _GROUPS,
    }


def _group(post: QueryDict, number: int) -> Group:
    columns = [post.getlist(f"g{number}-{part}")[:MOST_CONDITIONS] for part in ("what", "test", "value", "campaign")]
    rows = [
        Row(what[:60], test[:20], value.replace("\0", "").strip()[: 2 * VALUE_LIMIT], campaign[:20])
        for what, test, value, campaign in zip(*columns, strict=False)
    ]
    return Group(_join(post.get(f"g{number}-join", "")), is_not=f"g{number}-not" in post, rows=tuple(rows) or (Row(),))


def _join(text: str) -> str:
    return ANY if text == ANY else ALL


def _changed(sheet: Sheet, do: str) -> Sheet:
    """Add or remove what the button names: "add:0", "drop:0:2", "group"; any other button changes nothing."""
    verb, *numbers = do.split(":")
    at = [int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < 3]
    groups = list(sheet.groups)
    if verb == "group" and len(groups) < _GROUPS:
        groups.append(Group(ALL if sheet.join == ANY else ANY))
    elif verb == "add" and len(at) == 1 and at[0] < len(groups):
        group = groups[at[0]]
        groups[at[0]] = replace(group, rows=(*group.rows, Row()))
    elif verb == "drop" and len(at) == 2 and at[0] < len(groups):
        group = groups[at[0]]
        rows = tuple(row for number, row in enumerate(group.rows) if number != at[1])
        groups[at[0]] = replace(group, rows=rows)
        if not rows:
            del groups[at[0]]
    return Sheet(sheet.join, tuple(groups) or (Group(),))


def _checked_row(row: Row, vocabulary: Vocabulary) -> Row:
    if not row.what:
        return row
    tests = [test for test, _ in _tests(row.what, vocabulary)]
    if row.test not in tests:  # another field was chosen: its first test is offered
        first = tests[0] if tests else ""
        problem = "" if not first or _needs_nothing(row.what, first) else "Say what is compared with."
        return replace(row, test=first, value="", problem=problem)
    try:
        leaf_of(row, vocabulary)
    except BadQuery as error:
        return replace(row, problem=error.cause)
    return replace(row, problem="")


def _needs_nothing(what: str, test: str) -> bool:
    return what == Fact.SUPPRESSED or test.removeprefix(NOT) in {EVER, TextTest.EMPTY}


def _tests(what: str, vocabulary: Vocabulary) -> Sequence[tuple[str, str]]:
    if what == Fact.SUPPRESSED:
        return _SUPPRESSED_TESTS
    if what in set(Fact):
        return [("is", "is"), ("not_is", "is not")]
    if what in set(Deed):
        return _DEED_TESTS
    kind = vocabulary.kind_of(what)
    found: list[str] = []
    for test in tests_of(what, kind) if kind else ():
        found.append(test)
        if test in {*TextTest, "equals"}:
            found.append(NOT + test)
    return [(test, _TEST_WORDS[test]) for test in found]


def _row_view(row: Row, name: str, vocabulary: Vocabulary, choices: _Choices) -> RowView:
    choice = choices.of(row.what, row.value)
    return RowView(
        row, name, _tests(row.what, vocabulary), _input(row, vocabulary), choice, has_campaign=row.what in set(Deed)
    )


def _input(row: Row, vocabulary: Vocabulary) -> str:
    test = row.test.removeprefix(NOT)
    if not row.what or _needs_nothing(row.what, test):
        return ""
    if row.what in set(Deed) or test in RELATIVE:
        return "days"
    if row.what in set(Fact):
        return "tag" if row.what == Fact.TAG else "choice"
    kind = vocabulary.kind_of(row.what)
    return {Kind.NUMBER: "number", Kind.DAY: "date", Kind.YES_NO: "choice"}.get(kind or Kind.TEXT, "text")


class _Choices:
    """What rows can be compared with; each asked for once, when a row needs it."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._known: dict[str, list[tuple[str, str]]] = {}
        self.campaigns: list[tuple[str, str]] = [
            (str(pk), name) for pk, name in import_string(CAMPAIGN_NAMES)(member.workspace.pk)
        ]

    def of(self, what: str, value: str) -> Sequence[tuple[str, str]]:
        """Return the choices; what is chosen stays among them when it is gone."""
        if what not in self._known:
            self._known[what] = self._asked(what)
        found = self._known[what]
        is_gone = what in set(Fact) and value and value not in {one for one, _ in found}
        return [*found, (value, f"{value} (not there any more)")] if is_gone else found

    def _asked(self, what: str) -> list[tuple[str, str]]:
        ask = _ASKED.get(what)
        return ask(self._member) if ask else [("yes", "yes"), ("no", "no")]


def _imports_of(member: Member) -> list[tuple[str, str]]:
    rows = ContactImport.objects.filter(workspace=member.workspace).order_by("-pk")[:_IMPORTS]
    return [(str(row.pk), f"{row.filename} ({row.created_at:%Y-%m-%d})") for row in rows]


_ASKED: dict[str, Callable[[Member], list[tuple[str, str]]]] = {
    Fact.LIST: lambda member: [(str(row.pk), row.name) for row in queries.list_names_of(member)],
    Fact.SEGMENT: lambda member: [(str(row.pk), row.name) for row in queries.segments_of(member)],
    Fact.TAG: lambda member: [(name, name) for name in queries.tag_names_of(member)],
    Fact.IMPORT: _imports_of,
    Fact.VERDICT: lambda _: [(verdict or UNCHECKED, words) for verdict, words in VERDICT_LABELS.items()],
    Fact.PROVIDER: lambda _: [
        *((one.value, words) for one, words in PROVIDER_LABELS.items()),
        (UNKNOWN, "Not looked up yet"),
    ],
}


def _whats(member: Member) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return all that a row can be about, in groups with their headings."""
    kinds = CustomField.objects.filter(workspace=member.workspace).order_by("name")
    titles = {row.name: row.title for row in kinds}
    names = sorted({*titles, *queries.custom_names_of(member)})
    return [
        ("Fields", [*BUILT_IN.items(), (ADDED, "Added")]),
        ("Your fields", [(f"fields.{name}", titles.get(name, name)) for name in names]),
        ("What is known", [(fact.value, words) for fact, words in _FACT_LABELS.items()]),
        ("What happened", [(deed.value, words) for deed, words in _DEED_LABELS.items()]),
    ]
