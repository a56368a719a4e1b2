"""What `outreach import` may be told beside the file: taken into an import that waits, or refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.contacts import services
from campaigns.contacts.core import sheets
from campaigns.contacts.core.kinds import CHOICES, typed_from
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import SOURCE_LIMIT, ContactImport
from campaigns.contacts.services.uploads import Wanted
from campaigns.contacts.states import ImportPolicy, LegalBasis, Subscribers


class BadOption(ValueError):
    """An option that cannot be taken; the text names it and what there is."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options as they were typed; "" and None mean not said."""

    sheet: str = ""  # name, or number from 1
    policy: str = ""
    tags: str = ""
    source: str = ""
    legal_basis: str = ""
    basis_on: str = ""  # "2026-11-27"
    basis_page: str = ""
    subscribers: str = ""
    kinds: Sequence[str] = ()  # "name=number:comma"
    tidies_names: bool = False
    is_dry_run: bool = False
    is_json: bool = False


def take_options(row: ContactImport, options: ImportOptions) -> None:
    """Put the options into the row, which is stored when it is confirmed. Raises BadOption, BadFile for the sheet."""
    if options.sheet:
        services.reread(row, Wanted(sheets.ENCODING), sheet=_sheet(row, options.sheet))
    row.policy = _one_of("--policy", options.policy or row.policy, list(ImportPolicy))
    row.legal_basis = _one_of("--legal-basis", options.legal_basis or row.legal_basis, list(LegalBasis))
    row.subscribers = _one_of("--subscribers", options.subscribers or row.subscribers, list(Subscribers))
    try:
        services.note_ground(row, on=options.basis_on, page=options.basis_page)
    except BadContact as error:
        raise BadOption(f"--{error.field.replace('_', '-')}: {error.cause}") from error
    row.source = " ".join(options.source.split())[:SOURCE_LIMIT]
    row.tidy_names = options.tidies_names
    try:
        row.tags = list(parse_tags(options.tags))
    except BadContact as error:
        raise BadOption(f"--tags: {error.cause}") from error
    for wish in options.kinds:
        name, _, code = wish.partition("=")
        if name not in row.kinds:
            raise BadOption(f"--kind: the file has no own field “{name}”. It has: {', '.join(row.kinds) or 'none'}.")
        if typed_from(code) is None:
            raise BadOption(f"--kind: “{code}” is none of {', '.join(choice.code for choice in CHOICES)}.")
        row.kinds[name] = code


def _sheet(row: ContactImport, wish: str) -> int:
    names = [sheet["name"] for sheet in row.sheets]
    for at, name in enumerate(names):
        if wish.casefold() == name.casefold() or wish == str(at + 1):
            return at
    raise BadOption(f"--sheet: there is no “{wish}”. There is: {', '.join(names) or 'no sheet, this is a text'}.")


def _one_of(option: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise BadOption(f"{option}: “{value}” is none of {', '.join(known)}.")
    return value
