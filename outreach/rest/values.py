"""Types of values that operations share: what comes from outside has a size and no NUL in it."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

T = TypeVar("T")
NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps no NUL
ID = Annotated[int, Field(ge=1, lt=2**63, examples=[4711])]
Word = Annotated[str, StringConstraints(max_length=400, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=NO_NUL)]
Cursor = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^[A-Za-z0-9_-]*$"),
    Field(description="`next` of the answer before; without it, the first page."),
]
Limit = Annotated[int, Field(ge=1, le=200, description="Rows of one answer.")]


class Wanted(Schema):
    """What a body may hold, and nothing else: a misspelt name is told instead of being left out."""

    model_config = ConfigDict(extra="forbid")


class DnsRecord(Schema):
    """A record to publish in the DNS."""

    name: str
    type: str
    value: str


class Page(Schema, Generic[T]):
    """One answer of a list, the newest first."""

    results: list[T]
    next: str = Field("", description="The cursor of the next answer; empty at the end.")


def examples(**values: Any) -> ConfigDict:
    """Return the configuration of a body with one example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})
