"""What operations on imports take and give."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, field_validator

from campaigns.contacts import queries
from campaigns.contacts.api.shapes import Named, Policy
from campaigns.contacts.core import encoding
from campaigns.contacts.core.columns import label
from campaigns.contacts.core.difference import Difference
from campaigns.contacts.core.kinds import typed_from
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.models import PAGE_LIMIT, SOURCE_LIMIT, ContactImport, DryRun
from campaigns.contacts.queries import Preview
from campaigns.contacts.queries.imports import Progress
from campaigns.contacts.states import LegalBasis, Subscribers
from outreach.rest.values import NO_NUL, Wanted, Word, examples

Column = Annotated[str, Field(max_length=300)]
Targets = Annotated[
    dict[Column, Annotated[str, Field(max_length=60)]],
    Field(
        max_length=500,
        description="Column to field (`email`, `first_name`, …), `fields.<name>` for a custom one, or an empty text to "
        "leave it out. What is not named here keeps what was guessed.",
    ),
]
Kinds = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=40)]],
    Field(
        max_length=200, description="Custom field to its kind: `text`, `number`, `date`, `yes_no`, `date:day_first` …"
    ),
]
Quote = Literal["auto", "none", '"', "'"]


class Reading(Wanted):
    """How the file is read; what is left out is found out."""

    encoding: Word = Field("", description="Such as utf-8 or cp1252.")
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    quote: Quote = "auto"
    has_header: bool | None = Field(None, description="Whether the first row names the columns.")
    sheet: Word = Field("", description="Name of a workbook's sheet, or its number from 1.")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, code: str) -> str:
        if code and code not in encoding.LABELS:
            raise ValueError(f"known are {', '.join(encoding.LABELS)}")
        return code


class Choices(Reading):
    """How the file is read, and what is done with its rows."""

    model_config = examples(mapping={"Mail": "email", "Plan": "fields.plan"}, policy="fill", list_name="Spring fair")
    mapping: Targets = Field(default_factory=dict)
    kinds: Kinds = Field(default_factory=dict)
    policy: Policy | None = Field(None, description="Without it: that of the last import with these columns.")
    list_name: Word = Field("", description="The list that everybody comes onto; made when there is none.")
    tags: Word = Field("", description="Given to everybody, one behind the other with commas.")
    source: Annotated[str, Field(max_length=SOURCE_LIMIT, pattern=NO_NUL)] = Field(
        "", description="Where the addresses come from: the answer to “how did you get my address?”."
    )
    legal_basis: LegalBasis = LegalBasis.UNSTATED
    basis_on: Annotated[str, Field(max_length=10, pattern=NO_NUL)] = Field(
        "", description="Day of the last purchase, the inquiry, or on which the page showed the address: 2026-11-27."
    )
    basis_page: Annotated[str, Field(max_length=PAGE_LIMIT, pattern=NO_NUL)] = Field(
        "", description="The page on which the addresses are published."
    )
    subscribers: Subscribers = Field(
        Subscribers.UNSTATED,
        description="Who they are to a law that protects individuals, sole traders and partners among them.",
    )

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, kinds: dict[str, str]) -> dict[str, str]:
        for code in kinds.values():
            if typed_from(code) is None:
                raise ValueError(f"there is no kind {code}")
        return kinds

    def parsed_tags(self) -> list[str]:
        return list(parse_tags(self.tags))


class FileChoices(Choices):
    """The same as fields of a form."""

    model_config = examples(list_name="Spring fair", policy="fill", mapping='{"Mail": "email"}')
    start: bool = Field(True, description="false: only store and look at the file; `/imports/{id}/start` goes on.")

    @field_validator("has_header", "policy", mode="before")
    @classmethod
    def _from_nothing(cls, value: Any) -> Any:
        return None if value == "" else value  # an empty field of a form says nothing

    @field_validator("mapping", "kinds", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError) as error:
            raise ValueError("write it as a JSON object") from error


class PastedText(FileChoices):
    """A table as text, with its choices."""

    model_config = examples(text="email,first name\nada@example.com,Ada\n", name="CRM", list_name="Spring fair")
    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    name: Word = Field("", description="What stands in place of a file's name.")


class ColumnOut(Schema):
    """A column of a file that waits to be started."""

    name: str
    target: str = Field(description="The field it goes to, `fields.<name>`, or empty: left out.")
    target_words: str
    kind: str = Field(description="Of a custom field.")
    samples: list[str]


class Cause(Schema):
    """A cause of rejection, and how many rows have it."""

    cause: str
    rows: int


class ImportOut(Schema):
    """An import. rows_read = created + updated + unchanged + skipped + rejected once it is `done`."""

    id: int
    state: str = Field(description="`uploaded`, `queued`, `running`, `done`, `failed`, `cancelled`, …")
    filename: str
    percent: int
    problem: str = Field(description="What stopped it.")
    contact_list: Named | None
    policy: str
    source: str
    legal_basis: str
    basis_on: date | None
    basis_page: str
    subscribers: str
    tags: list[str]
    rows_read: int
    rows_created: int
    rows_updated: int
    rows_unchanged: int
    rows_skipped: int
    rows_rejected: int
    rows_grounded: int = Field(description="Of those known: for whom its legal basis went on record beside theirs.")
    rows_suppressed: int = Field(description="Of those taken: who is never written to.")
    notes: list[str] = Field(description="What was left empty, in sentences.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ImportDetail(ImportOut):
    """An import with what one look at it alone tells."""

    causes: list[Cause] = Field(description="The most frequent causes of rejection.")
    columns: list[ColumnOut] = Field(description="While it is `uploaded`: how the file is read.")
    sheets: list[str]


_COPIED = (
    "state", "filename", "problem", "policy", "source", "legal_basis", "basis_on", "basis_page", "subscribers", "tags",
    "rows_read", "rows_created", "rows_updated", "rows_unchanged", "rows_skipped", "rows_rejected", "rows_grounded",
    "rows_suppressed", "notes", "created_at", "started_at", "finished_at",
)  # fmt: skip


def values_of(row: ContactImport, progress: Progress) -> dict[str, Any]:
    """Return what ImportOut holds of an import."""
    target = row.contact_list
    return {
        "id": row.pk,
        "percent": 100 if row.finished_at else progress.percent,
        "contact_list": Named(id=target.pk, name=target.name) if target else None,
        **{name: getattr(row, name) for name in _COPIED},
    }


def columns_of(preview: Preview) -> list[ColumnOut]:
    """Return the columns of a stored file as they are told."""
    return [
        ColumnOut(
            name=column.name,
            target=column.target,
            target_words=label(column.target) if column.target else "",
            kind=column.kind,
            samples=[sample.text for sample in column.samples],
        )
        for column in preview.columns
    ]


class Change(Schema):
    """How many known people would get another value in a field, and some of them."""

    field: str
    people: int
    samples: list[list[str]] = Field(description="Address, before, after.")


class Foreseen(Schema):
    """What would become of the rows: rows = created + changed + unchanged + rejected."""

    rows: int
    created: int
    changed: int
    unchanged: int
    rejected: int
    suppressed: int = Field(description="Of those not rejected: who is never written to.")
    grounded: int = Field(description="Of the known: for whom the legal basis would go on record beside theirs.")
    refused: int = Field(description="Of the known: for whom it would not, since they said no themselves.")
    enrolled: int = Field(description="Of the known: who is in a running campaign.")
    changes: list[Change]
    causes: list[Cause]
    notes: list[str]


class DryRunOut(Schema):
    """A dry run: what an import would do, without doing it."""

    state: str = Field(description="`queued`, `running`, `done` or `failed`.")
    percent: int
    problem: str
    found: Foreseen | None = Field(description="Once it is `done`.")


def dry_run_out(dry_run: DryRun, progress: Progress) -> DryRunOut:
    """Return a dry run as it is told."""
    foreseen = queries.foreseen(dry_run)
    return DryRunOut(
        state=dry_run.state,
        percent=100 if dry_run.finished_at else progress.percent,
        problem=dry_run.problem,
        found=_found(foreseen.difference) if foreseen else None,
    )


def _found(found: Difference) -> Foreseen:
    counts = ("rows", "created", "changed", "unchanged", "rejected", "suppressed", "grounded", "refused", "enrolled")
    return Foreseen(
        **{name: getattr(found, name) for name in counts},
        changes=[Change(field=name, people=one.people, samples=one.samples) for name, one in found.changes.items()],
        causes=[Cause(cause=cause, rows=one.rows) for cause, one in found.rejections.items()],
        notes=found.notes,
    )
