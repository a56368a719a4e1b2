"""Unpack a report in pieces: a ZIP of one file, gzip, or as it is; never more than a report may have. Pure."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from sending.dmarc.reading.errors import BadReport, Fault

PACKED_LIMIT_BYTES = 5_000_000
LIMIT_BYTES = 50_000_000  # unpacked
_PIECE = 65_536
# Records repeat themselves, so that reports pack well, up to a hundredth; deflate's own end is a thousandth.
_DENSEST, _DENSE_FROM = 250, 2_000_000
_MEMBERS = 16  # of a gzip file, which may consist of several (RFC 1952 section 2.2)
_ENTRIES = 64  # of a ZIP, folders and all
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_OTHERS = (b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"%PDF", b"(\xb5/\xfd")
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def pieces_of(content: bytes) -> Iterator[bytes]:
    """Yield what a file holds, in pieces. Raises BadReport, also between two of them."""
    if not content:
        raise BadReport(Fault.NO_REPORT, "The file is empty.")
    if len(content) > PACKED_LIMIT_BYTES:
        raise BadReport(Fault.TOO_LARGE, f"The file is larger than {PACKED_LIMIT_BYTES // 1_000_000} MB.")
    if content.startswith(_GZIP):
        return _bounded(_gunzipped(content), len(content))
    if content.startswith(_ZIP):
        return _bounded(_unzipped(content), len(content))
    if content.startswith(_OTHERS):
        raise BadReport(Fault.NO_REPORT, "Reports come as ZIP, gzip, XML or JSON: this is something else.")
    return iter([content[at : at + _PIECE] for at in range(0, len(content), _PIECE)])


def is_packed(content: bytes) -> bool:
    """Say whether it begins as a package does."""
    return content.startswith((_GZIP, _ZIP, *_OTHERS))


def _bounded(pieces: Iterator[bytes], packed: int) -> Iterator[bytes]:
    unpacked = 0
    for piece in pieces:
        if not unpacked and is_packed(piece):
            raise BadReport(Fault.NESTED, "In the package is another one: unpack it once, and take in what is in it.")
        unpacked += len(piece)
        if unpacked > LIMIT_BYTES:
            raise BadReport(Fault.TOO_LARGE, f"Unpacked, the file is larger than {LIMIT_BYTES // 1_000_000} MB.")
        if unpacked > _DENSE_FROM and unpacked > _DENSEST * packed:
            words = (
                f"The file grows to more than {_DENSEST} times its size: that is no report, but made to fill memory."
            )
            raise BadReport(Fault.TOO_DENSE, words)
        yield piece


def _gunzipped(content: bytes) -> Iterator[bytes]:
    for _ in range(_MEMBERS):
        unpacking, left = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), content
        while not unpacking.eof:
            try:
                piece = unpacking.decompress(left, _PIECE)
            except zlib.error as error:
                raise BadReport(Fault.BROKEN_PACKAGE, f"The gzip file is broken ({error}): get it again.") from error
            left = unpacking.unconsumed_tail
            if piece:
                yield piece
            elif not left and not unpacking.eof:
                raise BadReport(Fault.BROKEN_PACKAGE, "The gzip file ends too early: get it again.")
        content = unpacking.unused_data.lstrip(b"\0")
        if not content.startswith(_GZIP):
            return
    raise BadReport(Fault.NOT_ONE_FILE, f"The gzip file consists of more than {_MEMBERS} parts.")


def _unzipped(content: bytes) -> Iterator[bytes]:
    if content.count(b"PK\x01\x02") > _ENTRIES:
        raise BadReport(Fault.NOT_ONE_FILE, "In the ZIP are many files, and not one report: take each in by itself.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package, package.open(_only(package)) as file:
            while piece := file.read(_PIECE):
                yield piece
    except BadReport:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadReport(Fault.BROKEN_PACKAGE, f"The ZIP is broken ({str(error)[:100]}): get it again.") from error


def _only(package: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = [one for one in package.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        held = f"{len(files)} files" if files else "no file"
        raise BadReport(Fault.NOT_ONE_FILE, f"In the ZIP are {held}, and not one report: take each in by itself.")
    if files[0].flag_bits & 1:
        raise BadReport(Fault.BROKEN_PACKAGE, "The ZIP is locked by a password: no receiver sends reports so.")
    if files[0].compress_type not in _PLAIN:
        raise BadReport(Fault.BROKEN_PACKAGE, "The ZIP is packed in a way that no receiver uses for reports.")
    return files[0]
