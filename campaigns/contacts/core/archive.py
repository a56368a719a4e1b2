"""Judge a ZIP archive by its directory before anything of it is expanded (ASVS 5.2.3: zip bombs)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

from campaigns.contacts.errors import BadFile

ENTRIES_LIMIT = 1_000
EXPANDED_LIMIT_BYTES = 600 * 1024 * 1024  # what a workbook of a million rows comes to
RATIO_LIMIT = 100  # expanded to packed; real sheets come to 10 or 30
_RATIO_FLOOR_BYTES = 10 * 1024 * 1024  # below that no ratio hurts
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1  # bit of an entry's flags (APPNOTE 4.4.4)
_WORKBOOK = "xl/workbook.xml"
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm")
_PIECE_BYTES = 256 * 1024
_SAVE_AS = "Open it and save it as an Excel workbook (.xlsx) or as CSV, then import that file."
_OTHERS = (
    ("xl/workbook.bin", f"This is a binary Excel workbook (.xlsb). {_SAVE_AS}"),
    ("content.xml", f"This is an OpenDocument file (.ods, .odt). {_SAVE_AS}"),
    ("word/document.xml", "This is a Word document. Copy its table and paste it instead."),
    ("ppt/presentation.xml", "This is a presentation. Copy its table and paste it instead."),
    ("Index/Document.iwa", f"This is an Apple Numbers file. {_SAVE_AS}"),
)
_DAMAGED = "The file is damaged: its packing (ZIP) cannot be read to the end. Save or send it again."


@contextmanager
def opened(path: str, size_bytes: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose directory promises nothing excessive. Raises BadFile, also for damage met inside."""
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive.infolist(), size_bytes)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile(_DAMAGED) from error


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Say whether this is an Excel workbook. Raises BadFile for what other programs write."""
    names = set(archive.namelist())
    if _WORKBOOK in names:
        return True
    for name, words in _OTHERS:
        if name in names:
            raise BadFile(words)
    return False


def only_table(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table of an ordinary archive. Raises BadFile when there is none or a choice."""
    files = [info for info in archive.infolist() if not info.is_dir() and _is_meant(info.filename)]
    tables = [info for info in files if info.filename.lower().endswith(_TABLES)]
    chosen = tables or files
    if not chosen:
        raise BadFile("The ZIP archive holds no file.")
    if len(chosen) > 1:
        names = ", ".join(PurePosixPath(info.filename).name for info in chosen[:5])
        raise BadFile(
            f"The ZIP archive holds {len(chosen)} files: {names}{', …' if len(chosen) > 5 else ''}. "
            "Pack one table alone, or import the files one by one."
        )
    return chosen[0]


def pieces_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield an entry piece by piece; zipfile ends it at its promised size and then compares the checksum."""
    with archive.open(info) as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def check_parts(archive: zipfile.ZipFile) -> None:
    """Read every part of a workbook once: all keep to their promised size, none declares entities.

    Raises BadFile. XML of workbooks has no document type; one that has wants to expand or to fetch something.
    """
    for info in archive.infolist():
        for number, piece in enumerate(pieces_of(archive, info)):
            if number == 0 and (b"<!DOCTYPE" in (plain := piece.replace(b"\0", b"")) or b"<!ENTITY" in plain):
                raise BadFile(f"The workbook's part {info.filename} declares entities, which no spreadsheet does.")


def _refuse_bombs(entries: Sequence[zipfile.ZipInfo], size_bytes: int) -> None:
    if len(entries) > ENTRIES_LIMIT:
        raise BadFile(f"The archive holds {len(entries):,} files; at most {ENTRIES_LIMIT:,} are opened.")
    if any(info.flag_bits & _ENCRYPTED for info in entries):
        raise BadFile("The archive is locked with a password. Unpack it, or save it without one.")
    if any(info.compress_type not in _METHODS for info in entries):
        raise BadFile("The archive is packed by an unusual method. Pack it again as an ordinary ZIP file.")
    expanded, packed = sum(info.file_size for info in entries), sum(info.compress_size for info in entries)
    if packed > size_bytes:
        raise BadFile("The archive's files overlap, as in a zip bomb. It was not opened.")
    if expanded > EXPANDED_LIMIT_BYTES:
        raise BadFile(
            f"Unpacked, the file would have {expanded / 2**20:,.0f} MB; at most {EXPANDED_LIMIT_BYTES // 2**20} MB "
            "are opened. Split it, or save it as CSV."
        )
    if expanded > _RATIO_FLOOR_BYTES and expanded > RATIO_LIMIT * packed:
        raise BadFile(
            f"Unpacked, the file would be {expanded // max(1, packed):,} times as large, as in a zip bomb. "
            "It was not opened."
        )


def _is_meant(name: str) -> bool:
    """Say whether a person put this there, and not a Mac."""
    return not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith(".")
