"""Imports as pages and the command line show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Func, QuerySet, Value
from django.shortcuts import get_object_or_404

from campaigns.contacts.core import dialect, encoding
from campaigns.contacts.core.fields import CUSTOM_PREFIX, FULL_NAME, FieldKind, custom_name
from campaigns.contacts.core.kinds import CHOICES, TEXT, Typed, typed_from
from campaigns.contacts.core.names import tidied
from campaigns.contacts.core.typed import canonical
from campaigns.contacts.models import ContactImport
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.services.uploads import Wanted, last_with_these_columns, read_head
from campaigns.contacts.states import ImportState
from outreach.accounts.access import Member

_SAMPLES = 3
_PROPOSALS = 6
_NAMES = {"first_name", "last_name", FULL_NAME}
_ROWS = 8
_CAUSES = 8
_TELLING = 0.05  # of the file: before that a speed is a guess
_MERGE_TO_READ = 2.5  # measured at 100,000 rows
_READ_PERCENT = 60  # of the bar; the rest is the merge


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a column, what it would be kept as when that differs, and why it would not be kept."""

    text: str
    kept: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """One column of an uploaded file: its name, where it would go, and what stands in it."""

    name: str
    target: str  # a field, "fields.<name>", or "" for ignored
    custom_name: str  # of the custom field it is, or could become
    samples: tuple[Sample, ...]
    kind: str = ""  # of a custom field: core.kinds.Typed.code
    choices: tuple[Typed, ...] = CHOICES  # what it can be: one kind only when the workspace knows the field

    @property
    def is_custom(self) -> bool:
        return self.target.startswith(CUSTOM_PREFIX)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a stored file looks like."""

    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    encoding: str  # in words
    delimiter: str  # in words
    has_header: bool
    remembered: ContactImport | None  # an earlier import with these columns, whose choices stand here
    sheet: str  # name of the workbook's sheet; "" for a text
    titles: tuple[str, ...]  # lines above the table that are left out
    names: tuple[tuple[str, str], ...]  # some that core.names would write otherwise: (as given, proposal)
    first_row: int  # number of the first one shown, of the sheet or of the text's lines


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running import is."""

    percent: int
    is_merging: bool  # everything is read; the contacts are being written
    left: timedelta | None  # None while it cannot be told

    @property
    def left_words(self) -> str:
        """Return "20 seconds", "3 minutes", or "" while it cannot be told."""
        if self.left is None:
            return ""
        seconds = max(1, round(self.left.total_seconds()))
        number, unit = (seconds, "second") if seconds < 90 else (round(seconds / 60), "minute")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def import_for(member: Member, import_id: int) -> ContactImport:
    """Return the import. Raises Http404 for strangers."""
    return get_object_or_404(
        ContactImport.objects.select_related("contact_list", "created_by"),
        workspace=member.workspace,
        pk=import_id,
    )


def imports_of(member: Member) -> QuerySet[ContactImport]:
    return ContactImport.objects.filter(workspace=member.workspace).select_related("contact_list", "created_by")


def preview(row: ContactImport) -> Preview:
    """Read the beginning of a stored file as it will be imported. Raises BadFile."""
    reading = read_head(row, Wanted(row.encoding, row.delimiter, row.quote, row.has_header, row.skip_lines))
    filled = [
        tuple(cells[at].strip() for cells in reading.rows if at < len(cells) and cells[at].strip())
        for at in range(len(row.columns))
    ]
    known = known_kinds(row.workspace_id)
    columns = tuple(
        _column(at, name, row, values, known)
        for at, (name, values) in enumerate(zip(row.columns, filled, strict=True), start=1)
    )
    return Preview(
        columns=columns,
        rows=tuple(tuple(cells) for cells in reading.rows[:_ROWS]),
        encoding=encoding.LABELS.get(row.encoding, row.encoding),
        delimiter=dialect.LABELS.get(row.delimiter, row.delimiter),
        has_header=row.has_header,
        remembered=last_with_these_columns(row),
        sheet=sheet.name if (sheet := row.chosen_sheet) else "",
        titles=reading.titles,
        names=_proposals(row, filled),
        first_row=reading.first_row,
    )


def progress_of(row: ContactImport, *, now: datetime) -> Progress:
    """Return the share of the file that has been read, and how long the rest takes at that speed."""
    size_bytes = row.table_bytes
    share = min(1.0, row.bytes_read / size_bytes) if size_bytes else 0.0
    is_merging = row.state == ImportState.RUNNING and share == 1.0
    left = None
    if row.started_at is not None and share > _TELLING and not is_merging:
        # Reading is about a third of the work; the merge behind it takes the rest.
        left = (now - row.started_at) * ((1 - share + _MERGE_TO_READ) / share)
    return Progress(percent=round(share * _READ_PERCENT), is_merging=is_merging, left=left)


def causes_of(row: ContactImport) -> list[tuple[str, int]]:
    """Return the causes of rejection with their number, most frequent first; line numbers in them are folded."""
    folded = Func(F("cause"), Value("[0-9][0-9,]*"), Value("…"), Value("g"), function="regexp_replace")
    counted = row.told_rejections.annotate(kind=folded).values_list("kind").annotate(rows=Count("pk"))
    return [(kind, rows) for kind, rows in counted.order_by("-rows", "kind")[:_CAUSES]]


def _column(
    position: int, name: str, row: ContactImport, values: Sequence[str], known: Mapping[str, FieldKind]
) -> PreviewColumn:
    target = row.mapping.get(name, "")
    if not target.startswith(CUSTOM_PREFIX):
        samples = tuple(map(Sample, values[:_SAMPLES]))
        return PreviewColumn(name, target, custom_name(name, position), samples)
    field = target.removeprefix(CUSTOM_PREFIX)
    typed = typed_from(row.kinds.get(field, "")) or TEXT
    choices = tuple(choice for choice in CHOICES if choice.kind == known.get(field, choice.kind))
    return PreviewColumn(name, target, field, _typed_samples(values, typed), typed.code, choices)


def _proposals(row: ContactImport, filled: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """Return a few names of the first rows with what is proposed for them, each once; filled: values by column."""
    columns = zip(row.columns, filled, strict=True)
    given = [value for name, values in columns if row.mapping.get(name) in _NAMES for value in values]
    found = {value: proposal for value in given if (proposal := tidied(value)) != value}
    return tuple(found.items())[:_PROPOSALS]


def _typed_samples(values: Sequence[str], typed: Typed) -> tuple[Sample, ...]:
    """Return a few values as they would be kept; one that would not be kept first."""
    samples = [_sample(value, typed) for value in values]
    bad = [sample for sample in samples if sample.problem]
    good = [sample for sample in samples if not sample.problem]
    return (*bad[:1], *good, *bad[1:])[:_SAMPLES]


def _sample(text: str, typed: Typed) -> Sample:
    kept = canonical(text, typed.kind, typed.style)
    if not isinstance(kept, str):
        return Sample(text, problem=kept.cause)
    return Sample(text, kept="" if kept == text else kept)
