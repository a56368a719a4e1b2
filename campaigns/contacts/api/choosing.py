"""Choose how the file of an import is read and what is done with its rows, as a program says it."""

from __future__ import annotations

from campaigns.contacts import services
from campaigns.contacts.api.import_shapes import Choices
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport
from campaigns.contacts.services.uploads import Wanted, guessed_kinds, read_head
from campaigns.contacts.states import ImportState


def read_as(row: ContactImport, wanted: Choices) -> None:
    """Read the file anew where the program says how. Raises BadFile, IllegalMove."""
    sheet = _sheet_of(row, wanted.sheet)
    says_how = wanted.encoding or wanted.delimiter or wanted.quote != "auto" or wanted.has_header is not None
    if says_how or sheet != row.sheet:
        quote = {"auto": None, "none": ""}.get(wanted.quote, wanted.quote)
        reading = Wanted(wanted.encoding or row.encoding, wanted.delimiter, quote, wanted.has_header)
        services.reread(row, reading, sheet=sheet)


def _sheet_of(row: ContactImport, wanted: str) -> int:
    """Return the number of a sheet, counted from 0. Raises BadFile for one that is not there."""
    names = [sheet["name"] for sheet in row.sheets]
    if not wanted:
        return row.sheet
    if wanted in names:
        return names.index(wanted)
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= len(names):
        return int(wanted) - 1
    found = ", ".join(names[:20])
    raise BadFile(f"There is no sheet “{wanted[:60]}”. The file has: {found or 'none; it is a text'}.")


def start(row: ContactImport, wanted: Choices) -> None:
    """Queue the import as wanted. Raises BadMapping, BadContact, IllegalMove."""
    _choose(row, wanted)
    services.confirm_onto(row, row.mapping, row.list_name)


def try_out(row: ContactImport, wanted: Choices) -> None:
    """Queue a dry run of the import as wanted. Raises BadMapping, BadContact, IllegalMove."""
    _choose(row, wanted)
    services.choose(row, row.mapping, row.list_name)
    services.start_dry_run(row)


def _choose(row: ContactImport, wanted: Choices) -> None:
    """Put what the program says into the row; what it leaves out stays as it was guessed or chosen before."""
    row.mapping = {**row.mapping, **wanted.mapping}
    if wanted.mapping and row.state == ImportState.UPLOADED:
        head = read_head(row, Wanted(row.encoding, row.delimiter, row.quote, row.has_header))
        row.kinds = {name: typed.code for name, typed in guessed_kinds(row, head.rows).items()}
    row.kinds = {**row.kinds, **wanted.kinds}
    said = wanted.model_fields_set
    if wanted.policy is not None:
        row.policy = wanted.policy
    if "tags" in said:
        row.tags = wanted.parsed_tags()
    if "source" in said:
        row.source = " ".join(wanted.source.split())
    if "legal_basis" in said:
        row.legal_basis = wanted.legal_basis
    if said & {"basis_on", "basis_page"}:
        day = wanted.basis_on if "basis_on" in said else row.basis_on and row.basis_on.isoformat()
        services.note_ground(row, on=day or "", page=wanted.basis_page if "basis_page" in said else row.basis_page)
    if "subscribers" in said:
        row.subscribers = wanted.subscribers
    if "list_name" in said:
        row.list_name = wanted.list_name
