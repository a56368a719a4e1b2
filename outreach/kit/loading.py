"""Load models by prepared statements: what carries each message is neither put together by Django nor planned anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from outreach.kit import statements

M = TypeVar("M", bound=Model)


class Columns(Generic[M]):
    """Some columns of a model under an alias, and its instances from their values. The others are deferred."""

    def __init__(
        self, model: type[M], alias: str, *, only: Collection[str] = (), without: Collection[str] = ()
    ) -> None:
        """Take all fields, or those that are named (`only`), or all but some; names are those of the attributes."""
        self._model = model
        fields = [
            one
            for one in model._meta.concrete_fields  # noqa: SLF001  # its API
            if (one.attname in only or one.primary_key if only else one.attname not in without)
        ]
        self._names = [one.attname for one in fields]
        self._readers = [
            (place, read) for place, one in enumerate(fields) if (read := getattr(one, "from_db_value", None))
        ]
        self.text = ", ".join(f'{alias}."{one.column}"' for one in fields)

    def __len__(self) -> int:
        return len(self._names)

    def made(self, values: Sequence[Any]) -> M:
        """Return the instance of a row's part."""
        if self._readers:
            values = list(values)
            for place, read in self._readers:
                values[place] = read(values[place], None, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)


def load(columns: Columns[M], statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[M]:
    """Run a statement that selects just these columns; return the instances in its order."""
    return [columns.made(row) for row in statements.run(statement, values)]


def parts_of(row: Sequence[Any], *parts: Columns[Any]) -> Iterator[Model]:
    """Yield the instances of a row that has the columns of several models, one after the other."""
    begin = 0
    for one in parts:
        yield one.made(row[begin : begin + len(one)])
        begin += len(one)
