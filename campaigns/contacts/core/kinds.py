"""Choose for each column that becomes a custom field what kind its values are, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.fields import CUSTOM_PREFIX, KIND_LABELS, FieldKind
from campaigns.contacts.core.typed import STYLE_LABELS, STYLES, Style, kind_of, style_of
from campaigns.contacts.errors import BadMapping


@dataclass(frozen=True, slots=True)
class Typed:
    """What the values of a column are."""

    kind: FieldKind = FieldKind.TEXT
    style: Style = Style.UNKNOWN

    @property
    def code(self) -> str:
        """Return "number:comma", or "number" while the style is not known: how forms and imports keep it."""
        return f"{self.kind}:{self.style}" if self.style else str(self.kind)

    @property
    def label(self) -> str:
        """Return the same for a person."""
        if not STYLES.get(self.kind):
            return KIND_LABELS[self.kind]
        if not self.style:
            return f"{KIND_LABELS[self.kind]}, where it can be read in one way"
        return f"{KIND_LABELS[self.kind]}, {STYLE_LABELS[self.style][:1].lower()}{STYLE_LABELS[self.style][1:]}"


TEXT = Typed()
CHOICES = tuple(
    Typed(kind, style) for kind in FieldKind for style in (Style.UNKNOWN, *STYLES.get(kind, ()))
)  # what a form offers
_BY_CODE = {choice.code: choice for choice in CHOICES}


def typed_from(code: str) -> Typed | None:
    """Return what a code of a form or a stored import means; None for a code that nobody gave."""
    return _BY_CODE.get(code)


def kinds_from_json(stored: Mapping[str, str]) -> dict[str, Typed]:
    return {name: _BY_CODE[code] for name, code in stored.items()}


def guess_kinds(
    columns: Columns,
    mapping: Mapping[str, str],
    rows: Sequence[list[str]],
    known: Mapping[str, FieldKind],
    *,
    is_sheet: bool = False,
) -> dict[str, Typed]:
    """Return custom field -> kind and style, from the first rows; known has the kinds that are decided already.

    Numbers of a sheet are written with a point, whatever the program that shows them: text in it that says otherwise
    has to outweigh them.
    """
    found: dict[str, Typed] = {}
    for at, column in enumerate(columns.names):
        target = mapping.get(column, "")
        if not target.startswith(CUSTOM_PREFIX):
            continue
        name = target.removeprefix(CUSTOM_PREFIX)
        values = [row[at] for row in rows if at < len(row)]
        kind = known.get(name) or kind_of(values)
        style = style_of(values, kind)
        if is_sheet and kind == FieldKind.NUMBER and not style:
            style = Style.POINT
        found[name] = Typed(kind, style)
    return found


def checked_kinds(
    mapping: Mapping[str, str], chosen: Mapping[str, Typed], known: Mapping[str, FieldKind]
) -> dict[str, Typed]:
    """Return the kind of each custom field of the mapping; TEXT, or what is known, for those that were not chosen.

    Raises BadMapping when a field is known as something else than was chosen.
    """
    found: dict[str, Typed] = {}
    for target in mapping.values():
        if not target.startswith(CUSTOM_PREFIX):
            continue
        name = target.removeprefix(CUSTOM_PREFIX)
        kind = known.get(name)
        typed = chosen.get(name) or Typed(kind or FieldKind.TEXT)
        if kind is not None and typed.kind != kind:
            raise BadMapping(
                f"The field “{name}” is known here as “{KIND_LABELS[kind]}”, not as “{KIND_LABELS[typed.kind]}”. "
                "Choose that, give this column a field of another name, or change the field under Contacts, Fields."
            )
        found[name] = typed
    return found
