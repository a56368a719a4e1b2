"""Files as they come from programs, people and attackers, each with what must become of it."""

from __future__ import annotations

import codecs
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.campaigns.contacts.workbooks import DATE, Raw, Sheet, formula, number, workbook, zipped

HEADER = ("email", "first name", "note")
ADA = ("ada@x.com", "Ada", "one")
BOB = ("bób@x.com", "Bób", "zwei, drei")
BOTH = {"ada@x.com": ("Ada", "one"), "bób@x.com": ("Bób", "zwei, drei")}


@dataclass(frozen=True)
class Case:
    """A file and its end: contacts (address -> first name, note) and rejections (line -> words), or a refusal."""

    name: str
    content: bytes | Callable[[], bytes]
    contacts: dict[str, tuple[str, str]] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    refused: str = ""


def table(delimiter: str = ",", end: str = "\n", *, header: bool = True, last: bool = True) -> str:
    """Return the two people as text; what holds the delimiter is quoted."""
    rows = [HEADER, ADA, BOB] if header else [ADA, BOB]
    lines = [delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in rows]
    return end.join(lines) + (end if last else "")


def one(name: str, text: str | bytes, *, note: str = "", first: str = "Ada", **more: object) -> Case:
    content = text.encode() if isinstance(text, str) else text
    return Case(name, content, {"ada@x.com": (first, note)}, **more)  # type: ignore[arg-type]


def sheet_of(*rows: tuple[str | Raw | None, ...], **more: object) -> bytes:
    return workbook(Sheet("People", rows, **more))  # type: ignore[arg-type]


def bomb(size_bytes: int) -> bytes:
    return zipped([("leads.csv", b"email\n" + b"a" * size_bytes)])


def lying_size() -> bytes:
    """An archive whose directory and entry promise 10 bytes, where 1 MB lies."""
    content = zipped([("leads.csv", b"email\n" + b"a@x.com\n" * 131_072)])
    real = struct.pack("<I", 6 + 8 * 131_072)
    return content.replace(real, struct.pack("<I", 10))


def overlapping() -> bytes:
    """Two thousand entries of the directory that all mean the same packed megabytes: Fifield's better zip bomb."""
    inner = zipped([("a.csv", bytes(range(256)) * 400)], zipfile.ZIP_STORED)
    end = inner.rindex(b"PK\x05\x06")
    begin = inner.index(b"PK\x01\x02")
    entry = inner[begin:end]
    copies = 300
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, copies, copies, len(entry) * copies, begin, 0)
    return inner[:begin] + entry * copies + tail


def locked_archive() -> bytes:
    """An archive whose only entry says that it is encrypted."""
    content = bytearray(zipped([("leads.csv", "email\na@x.com\n")]))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def many_entries() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for at in range(1_001):
            archive.writestr(f"{at}.csv", "")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
GOOD_SHEET = workbook(Sheet("People", [HEADER, ADA, BOB]))

TEXTS = [
    Case("UTF-8", table().encode(), BOTH),
    Case("UTF-8 with BOM", codecs.BOM_UTF8 + table().encode(), BOTH),
    Case("UTF-8 with BOM and quotes around everything", codecs.BOM_UTF8 + b'"email","first name","note"\n"ada@x.com","Ada","one"\n', {"ada@x.com": ("Ada", "one")}),
    Case("UTF-16 LE with BOM", codecs.BOM_UTF16_LE + table().encode("utf-16-le"), BOTH),
    Case("UTF-16 BE with BOM", codecs.BOM_UTF16_BE + table().encode("utf-16-be"), BOTH),
    Case("UTF-16 LE without BOM", table().encode("utf-16-le"), BOTH),
    Case("UTF-16 BE without BOM", table().encode("utf-16-be"), BOTH),
    Case("UTF-32 with BOM", table().encode("utf-32"), BOTH),
    Case("UTF-16 tabs and CRLF, Excel's “Unicode text”", codecs.BOM_UTF16_LE + table("\t", "\r\n").encode("utf-16-le"), BOTH),
    Case("Windows-1252", table().replace("bób", "bob").encode("cp1252"), {"ada@x.com": ("Ada", "one"), "bob@x.com": ("Bób", "zwei, drei")}),
    Case("Windows-1252 with curly quotes", "email;first name;note\nada@x.com;Ada;“so” – it’s 5 €\n".encode("cp1252"), {"ada@x.com": ("Ada", "“so” – it’s 5 €")}),
    Case("Windows-1251", ("email;first name;note\n" + "".join(f"p{at}@x.ru;Наталья;Добрый день, Москва\n" for at in range(3))).encode("cp1251"), {f"p{at}@x.ru": ("Наталья", "Добрый день, Москва") for at in range(3)}),
    Case("Mac line ends", table(";", "\r").encode(), BOTH),
    Case("Windows line ends", table(";", "\r\n").encode(), BOTH),
    Case("mixed line ends", b"email,first name\r\nada@x.com,Ada\rbob@x.com,Bob\ncy@x.com,Cy", {"ada@x.com": ("Ada", ""), "bob@x.com": ("Bob", ""), "cy@x.com": ("Cy", "")}),
    Case("no end behind the last line", table(last=False).encode(), BOTH),
    Case("semicolons", table(";").encode(), BOTH),
    Case("tabs", table("\t").encode(), BOTH),
    Case("vertical bars", table("|").encode(), BOTH),
    Case("carets, which nobody uses", table("^").encode(), refused="The columns found are: email^first name^note"),
    one("Excel's sep=; line", "sep=;\nemail;first name\nada@x.com;Ada\n"),
    one("single quotes", "'email','first name','note'\n'ada@x.com','Ada','it''s, well'\n", note="it's, well"),
    one("backslash escapes", 'email,first name,note\nada@x.com,Ada,"a \\"b\\", c"\n', note='a "b", c'),
    one("doubled quotes", 'email,first name,note\nada@x.com,Ada,"a ""b"", c"\n', note='a "b", c'),
    one("spaces before quotes", 'email, "first name", "note"\n"ada@x.com", "Ada", "b, c"\n', note="b, c"),
    one("a quote inside a value", 'email,first name,note\nada@x.com,Ada,19" rack\n', note='19" rack'),
    Case("a quote that is never closed and the only one", b'email,first name,note\nada@x.com,"Ada,one\nbob@x.com,Bob,two\n', {"ada@x.com": ('"Ada', "one"), "bob@x.com": ("Bob", "two")}),
    Case("a quote that is never closed before others", b'email,first name,note\nada@x.com,"Ada,one\nbob@x.com,"Bob",two\n', {"bob@x.com": ("Bob", "two")}, {2: "never closed"}),
    one("line ends inside values", 'email,first name,note\nada@x.com,Ada,"one\r\ntwo\n\nthree"\n', note="one two three"),
    Case("ragged rows", b"email,first name,note\nada@x.com,Ada,one\nbob@x.com,Bob\ncy@x.com,Cy,a,b\n", {"ada@x.com": ("Ada", "one")}, {3: "2 cells, the first row has 3", 4: "4 cells, the first row has 3"}),
    one("empty cells behind the last column", "email,first name\nada@x.com,Ada,,,\n"),
    one("blank rows and rows of delimiters", "\n\n;;\nemail;first name;note\n;;\nada@x.com;Ada;one\n\n ; ;\n", note="one"),
    one("NUL bytes inside", b"email,first name,note\nada@x.com,A\0da,one\n", note="one", first="A da"),
    Case("NUL bytes everywhere", b"email\0,first\0\nada@x.com\0\0\0,A\0\0\0\0\n", refused="binary file"),
    Case("a cell of 10 MB", b"email,first name,note\nada@x.com,Ada," + b"x" * 10_000_000 + b"\nbob@x.com,Bob,two\n", {"bob@x.com": ("Bob", "two")}, {2: "more than 131,072 characters"}),
    Case("a quoted cell of 10 MB", b'email,first name,note\nada@x.com,Ada,"' + b"x\n" * 5_000_000 + b'"\nbob@x.com,Bob,two\n', refused="can become contacts, mostly for this: The row has 1 cell"),
    Case("a line of 17 MB", b"email\n" + b"x" * 17_900_000 + b"\n", refused="A line of the file has more than 16 MB"),
    Case("a note too long for a field", b"email,first name,note\nada@x.com,Ada," + b"x" * 11_000 + b"\n", {"ada@x.com": ("Ada", "")}),
    one("duplicate headings", "email,note,first name,Note,note\nada@x.com,one,Ada,two,three\n", note="one"),
    one("empty headings", "email,,first name,\nada@x.com,x,Ada,y\n"),
    Case("no header", b"ada@x.com,Ada,one\nbob@x.com,Bob,two\n", {"ada@x.com": ("", ""), "bob@x.com": ("", "")}),
    one("padded headings and values", " E-MAIL ; First_Name ;note\n  ada@x.com ; Ada ; one \n", note="one"),
    one("invisible marks in an address", "email,first name\n\u200bada@x.com\u00a0,Ada\n"),
    one("formulas as text", "email,first name,note\nada@x.com,Ada,'=1+1\n", note="=1+1"),
    one("the errors of formulas", "email,first name,note\nada@x.com,Ada,#N/A\n"),
    Case("a bad address in each way", b"email\nada@x.com\nnope\n@x.com\na@@x.com\na b@x.com\na@x\n", {"ada@x.com": ("", "")}, {3: "no @", 4: "", 5: "", 6: "", 7: ""}),
    Case("only a header", b"email,first name\n", refused="a header and no rows"),
    Case("no addresses", b"first name,note\nAda,one\n", refused="No column holds e-mail addresses"),
    Case("an empty file", b"", refused="The file is empty"),
    Case("a file of blanks", b"\n \n\t\n", refused="empty"),
    Case("a byte order mark alone", codecs.BOM_UTF8, refused="empty"),
    Case("a web page called .xls", b"<html><body><table><tr><td>ada@x.com</td></tr></table></body></html>", refused="web page or XML"),
    Case("Excel 2003 XML", b'<?xml version="1.0"?><Workbook><Data>ada@x.com</Data></Workbook>', refused="web page or XML"),
    Case("a picture", b"\x89PNG\r\n\x1a\n" + bytes(50), refused="picture"),
    Case("a PDF", b"%PDF-1.7\n", refused="PDF document"),
    Case("gzip", gzip.compress(table().encode(), mtime=0), refused="gzip archive"),
    Case("address cards", b"BEGIN:VCARD\nEMAIL:ada@x.com\nEND:VCARD\n", refused="vCard"),
    Case("bytes at random", bytes(range(256)) * 50, refused="binary file"),
    Case("an old workbook called .csv", OLE + bytes(600), refused="old Excel workbook (.xls)"),
    Case("a workbook with a password", OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(512), refused="locked with a password"),
]  # fmt: skip

WORKBOOKS = [
    Case("an ordinary sheet", GOOD_SHEET, BOTH),
    Case("a workbook called .csv", GOOD_SHEET, BOTH),
    Case("empty rows and columns before the table", sheet_of(HEADER, ADA, BOB, top_left=(4, 3)), BOTH),
    Case("numbers, dates and truths", sheet_of(("email", "first name", "note"), ("ada@x.com", number("7"), number("45000", DATE)), ("bob@x.com", Raw('t="b"', "<v>1</v>"), number("4915112345678"))), {"ada@x.com": ("7", "2023-03-15"), "bob@x.com": ("TRUE", "4915112345678")}),
    Case("formulas with values", sheet_of(HEADER, (formula('"ada"&"@x.com"', "ada@x.com"), "Ada", formula("1/0", "#DIV/0!"))), {"ada@x.com": ("Ada", "")}),
    Case("formulas without values", sheet_of(HEADER, (Raw("", '<f>"ada"&amp;"@x.com"</f>'), "Ada", "one")), rejected={2: "There is no e-mail address"}),
    Case("cells with errors", sheet_of(HEADER, ("ada@x.com", "Ada", Raw('t="e"', "<v>#N/A</v>"))), {"ada@x.com": ("Ada", "")}),
    Case("merged downwards", sheet_of(HEADER, ("ada@x.com", "Ada", "Acme"), ("bob@x.com", "Bob", None), (), ("cy@x.com", "Cy", None), ("di@x.com", "Di", None), merged=("C2:C5",)), {"ada@x.com": ("Ada", "Acme"), "bob@x.com": ("Bob", "Acme"), "cy@x.com": ("Cy", "Acme"), "di@x.com": ("Di", "")}),
    Case("merged headings", sheet_of(("email", "first name", "note", None), ("ada@x.com", "Ada", "one", "x"), merged=("C1:D1",)), {"ada@x.com": ("Ada", "one")}),
    Case("everything merged", sheet_of(HEADER, ADA, merged=("A3:XFD1048576",)), {"ada@x.com": ("Ada", "one")}),
    Case("line ends inside cells", sheet_of(HEADER, ("ada@x.com", "Ada", "one\ntwo"), ("nope", "Bob", "x")), {"ada@x.com": ("Ada", "one two")}, {3: "no @"}),
    Case("a row without an address", sheet_of(HEADER, ADA, (), (None, "Bob", None)), {"ada@x.com": ("Ada", "one")}, {4: "There is no e-mail address"}),
    Case("a first sheet that is a cover", workbook(Sheet("Read me", [("Leads of the fair",)]), Sheet("People", [HEADER, ADA])), {"ada@x.com": ("Ada", "one")}),
    Case("a first sheet that is empty", workbook(Sheet("Sheet1", []), Sheet("People", [HEADER, ADA])), {"ada@x.com": ("Ada", "one")}),
    Case("a hidden first sheet", workbook(Sheet("Old", [HEADER, ("old@x.com", "Old", "")], is_hidden=True), Sheet("People", [HEADER, ADA])), {"ada@x.com": ("Ada", "one")}),
    Case("no sheet with a value", workbook(Sheet("Sheet1", [])), refused="No visible sheet"),
    Case("no sheet with addresses", workbook(Sheet("Prices", [("item", "price"), ("tea", "3")])), refused="Sheet “Prices”: No column holds e-mail addresses"),
    Case("a cell of 200,000 characters", sheet_of(HEADER, ("ada@x.com", "Ada", "x" * 200_000), ("bob@x.com", "Bob", "two")), {"bob@x.com": ("Bob", "two")}, {2: "more than 131,072 characters"}),
    Case("a value in the last cell of the sheet", workbook(Sheet("People", [HEADER, ADA]), parts=[("xl/worksheets/sheet1.xml", '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>')]), refused="too large to be read"),
    Case("600 columns", sheet_of(("email", *(f"c{at}" for at in range(600))), ("ada@x.com", *("x" for _ in range(600)))), refused="at most 500"),
    Case("entities that grow", workbook(Sheet("People", [HEADER, ADA]), parts=[("xl/sharedStrings.xml", f'<?xml version="1.0"?>{ENTITIES}<sst/>')]), refused="declares entities"),
    Case("an entity of a file on the server", workbook(Sheet("People", [HEADER, ADA]), parts=[("xl/worksheets/sheet1.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet/>')]), refused="declares entities"),
    Case("XML that breaks off", workbook(Sheet("People", [HEADER, ADA]), parts=[("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row r='1'><c r='A1'><v>1</v>")]), refused="cannot be read"),
    Case("a workbook cut off in the middle", GOOD_SHEET[:-200], refused="damaged"),
    Case("a workbook with a flipped byte", GOOD_SHEET.replace(b"PK\x03\x04", b"PK\x03\x05", 2).replace(b"PK\x03\x05", b"PK\x03\x04", 1), refused="damaged"),
    Case("a sheet that is a bomb", lambda: workbook(Sheet("People", [HEADER, ADA]), parts=[("xl/media/x.bin", bytes(20_000_000))]), refused="as in a zip bomb"),
    Case("a binary workbook", zipped([("xl/workbook.bin", "")]), refused="(.xlsb)"),
    Case("OpenDocument", zipped([("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "<x/>")]), refused="OpenDocument"),
    Case("a Word document", zipped([("word/document.xml", "<x/>")]), refused="Word document"),
]  # fmt: skip

ARCHIVES = [
    Case("a CSV in a ZIP", zipped([("leads.csv", table())]), BOTH),
    Case("Windows-1252 in a ZIP", zipped([("leads.txt", "email;first name;note\nada@x.com;Ada;schön\n".encode("cp1252"))]), {"ada@x.com": ("Ada", "schön")}),
    Case("a workbook in a ZIP", zipped([("leads.xlsx", GOOD_SHEET)]), BOTH),
    Case("stored, not packed", zipped([("leads.csv", table())], zipfile.ZIP_STORED), BOTH),
    Case("a ZIP made on a Mac", zipped([("leads.csv", table()), ("__MACOSX/._leads.csv", bytes(99)), (".DS_Store", bytes(9))]), BOTH),
    Case("a read-me beside the table", zipped([("LICENSE", "free"), ("deep/leads.csv", table())]), BOTH),
    Case("two tables", zipped([("a.csv", table()), ("b.csv", table())]), refused="2 files: a.csv, b.csv"),
    Case("nothing in it", zipped([]), refused="holds no file"),
    Case("a folder in it", zipped([("folder/", "")]), refused="holds no file"),
    Case("an empty table in it", zipped([("leads.csv", "")]), refused="The file is empty"),
    Case("an archive in an archive", zipped([("inner.zip", zipped([("leads.csv", table())]))]), refused="another archive"),
    Case("a picture in it", zipped([("leads.csv", b"\x89PNG\r\n\x1a\n" + bytes(50))]), refused="picture"),
    Case("a password", locked_archive(), refused="locked with a password"),
    Case("LZMA", zipped([("leads.csv", table())], zipfile.ZIP_LZMA), refused="unusual method"),
    Case("a thousand and one entries", many_entries, refused="1,001 files"),
    Case("a bomb by its ratio", lambda: bomb(30_000_000), refused="as in a zip bomb"),
    Case("a bomb that lies about its size", lying_size, refused="damaged"),
    Case("a bomb of overlapping entries", overlapping, refused="overlap"),
    Case("cut off in the middle", zipped([("leads.csv", table() * 50)])[:-60], refused="damaged"),
    Case("only its first bytes", b"PK\x03\x04rest", refused="damaged"),
]  # fmt: skip

CASES = [*TEXTS, *WORKBOOKS, *ARCHIVES]
