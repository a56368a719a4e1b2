"""Find out in which encoding a file was written, while it streams by, and refuse what is no text."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from campaigns.contacts.errors import BadFile

LINE_LIMIT_BYTES = 16 * 1024 * 1024
_HEAD_BYTES = 64 * 1024
_SAMPLE_BYTES = 256 * 1024  # from the first byte beyond ASCII on
# What charset-normalizer may answer: the encodings in which spreadsheets of the last 30 years were saved.
_CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman", "cp850",
)  # fmt: skip
_USUAL = "cp1252"  # what Excel writes west of Poland; wins what is nearly a tie

LABELS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 (little-endian, no BOM)",
    "utf-16-be": "UTF-16 (big-endian, no BOM)",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "shift_jis": "Shift JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc_kr": "EUC-KR (Korean)",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850 (Western Europe)",
}

_SAVE_AS = "Open it in your spreadsheet program and save it as “CSV UTF-8”, then import that file."
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x05\x06", "The ZIP archive holds no file."),
    (b"\xd0\xcf\x11\xe0", f"This is an old Excel workbook (.xls), or one locked with a password. {_SAVE_AS}"),
    (b"{\\rtf", "This is a text document (RTF). Copy its table and paste it instead."),
    (b"BEGIN:VCARD", "These are address cards (vCard). Export the contacts as CSV."),
    (b"%PDF-", "This is a PDF document, not a CSV file. Export the table from where it was made as CSV."),
    (b"\x1f\x8b", "This is a gzip archive. Unpack it and import the CSV file inside."),
    (b"7z\xbc\xaf", "This is a 7-Zip archive. Unpack it and import the CSV file inside."),
    (b"Rar!", "This is a RAR archive. Unpack it and import the CSV file inside."),
    (b"\x89PNG", "This is a picture, not a CSV file."),
    (b"\xff\xd8\xff", "This is a picture, not a CSV file."),
    (b"SQLite format 3", "This is a database file, not a CSV file. Export the table as CSV."),
)
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # a stream of [MS-OFFCRYPTO]: the workbook is inside, encrypted
_LOCKED_WORDS = "This workbook is locked with a password. Save it without one, then import that file."
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|head|body)\b", re.IGNORECASE)
_MARKUP_WORDS = f"This is a web page or XML, whatever its name says, not a CSV file. {_SAVE_AS}"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a\x1b"))
_STRAY = 0.02  # of all bytes
# A file with one damaged byte for every 20 good characters beyond ASCII still is UTF-8, of which a piece was
# damaged.
_GOOD_PER_BAD = 20


class EncodingProbe:
    """Watch the pieces of a file go by; `found` then names its encoding.

    Keeps 320 KB whatever the size of the file. Both methods raise BadFile for what is no text.
    """

    def __init__(self) -> None:
        self._head = b""
        self._sample = bytearray()
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._good = self._bad = self._open_line = 0

    def feed(self, piece: bytes) -> None:
        """Look at the next piece, of any size."""
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[: _HEAD_BYTES - len(self._head)]
            self._refuse_other_formats()
        self._measure_line(piece)
        if not piece.isascii() or self._utf8.getstate()[0]:
            self._count(self._utf8.decode(piece))
        if (self._sample or not piece.isascii()) and len(self._sample) < _SAMPLE_BYTES:
            self._sample += piece[: _SAMPLE_BYTES - len(self._sample)]

    def found(self) -> str:
        """Return the name of the codec, after the last piece."""
        for bom, name in _BOMS:
            if self._head.startswith(bom):
                return name
        if _has_controls(self._head):
            return _utf16_without_bom(self._head)
        self._count(self._utf8.decode(b"", final=True))
        if self._bad == 0 or self._good > _GOOD_PER_BAD * self._bad:
            return "utf-8"
        return _guess(b"\n".join(_FOREIGN_LINE.findall(self._sample)))

    def _refuse_other_formats(self) -> None:
        for magic, words in _MAGIC:
            if self._head.startswith(magic):
                raise BadFile(_LOCKED_WORDS if _LOCKED in self._head else words)
        if _MARKUP.match(self._head):
            raise BadFile(_MARKUP_WORDS)

    def _measure_line(self, piece: bytes) -> None:
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._open_line = self._open_line + len(piece) if end < 0 else len(piece) - end - 1
        if self._open_line > LINE_LIMIT_BYTES:
            raise BadFile(f"A line of the file has more than {LINE_LIMIT_BYTES // 2**20} MB: no table of contacts.")

    def _count(self, text: str) -> None:
        damaged = text.count("\ufffd")
        self._bad += damaged
        self._good += len(text) - len(text.encode("ascii", "ignore")) - damaged


def _has_controls(head: bytes) -> bool:
    """Say whether there are more NULs and control characters than a slip of some program leaves in a text."""
    return b"\0" in head and len(head) - len(head.translate(None, _CONTROLS)) > max(2, _STRAY * len(head))


def _utf16_without_bom(head: bytes) -> str:
    """Tell UTF-16 without a byte order mark from a binary file by where its NULs stand. Raises BadFile."""
    half = max(1, len(head) // 2)
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    raise BadFile(f"This is a binary file, not a CSV file. {_SAVE_AS}")


def _guess(sample: bytes) -> str:
    """Name the 8-bit or multi-byte encoding that makes most sense of the lines beyond ASCII."""
    matches = list(from_bytes(sample, cp_isolation=list(_CANDIDATES)))
    if not matches:
        return _USUAL
    best = matches[0]
    for match in matches:
        is_as_likely = match.chaos <= best.chaos + 0.02 and match.coherence >= best.coherence - 0.2
        if is_as_likely and _USUAL in match.could_be_from_charset:
            return _USUAL
    return best.encoding
