"""Files that were made to harm: each is refused by name, within bounds of time and memory."""

from __future__ import annotations

import hashlib
import json
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest

from outreach.kit import clock
from sending.dmarc.reading import aggregate as reading
from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.reading.files import read_report
from tests.sending.dmarc.files import aggregate, gzipped, midnight, record, tls, zipped

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION = f'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY l0 "ha">{_LAUGHS}]><feedback>&l9;</feedback>'.encode()
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE f SYSTEM "file:///etc/passwd"><feedback>&x;</feedback>'


def repeated(begin: bytes, middle: bytes, times: int) -> bytes:
    """Return gzip of begin and the middle so often, packed once: blocks behind a full flush stand by themselves."""
    packing = zlib.compressobj(9, wbits=31)
    head = packing.compress(begin) + packing.flush(zlib.Z_FULL_FLUSH)
    return head + (packing.compress(middle) + packing.flush(zlib.Z_FULL_FLUSH)) * times


def locked() -> bytes:
    """Return a ZIP that says that it is encrypted."""
    content = bytearray(zipped(b"<feedback/>"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def packed_by_lzma() -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_LZMA) as package:
        package.writestr("a.xml", b"<feedback/>")
    return held.getvalue()


HEAD = aggregate().removesuffix(b"</feedback>")
CASES: dict[str, tuple[Callable[[], bytes], Fault]] = {
    "nothing": (lambda: b"", Fault.NO_REPORT),
    "a zip bomb of 60 MB": (lambda: zipped(b"<feedback>" + b" " * 60_000_000), Fault.TOO_DENSE),
    "a gzip bomb of 200 MB": (lambda: repeated(b"<feedback>", b" " * 1_000_000, 200), Fault.TOO_DENSE),
    "a bomb that grows slowly": (
        lambda: repeated(b"<feedback>", hashlib.shake_128(b"1").hexdigest(2_500).encode() * 40, 300),
        Fault.TOO_LARGE,
    ),
    "a package in a package": (lambda: gzipped(gzipped(aggregate(records=[record()]))), Fault.NESTED),
    "a zip in a zip": (lambda: zipped(zipped(b"x")), Fault.NESTED),
    "several reports": (lambda: zipped(aggregate(), aggregate()), Fault.NOT_ONE_FILE),
    "no file": (zipped, Fault.NOT_ONE_FILE),
    "thousands of names": (lambda: zipped(*[b""] * 3_000), Fault.NOT_ONE_FILE),
    "locked": (locked, Fault.BROKEN_PACKAGE),
    "another packing": (packed_by_lzma, Fault.BROKEN_PACKAGE),
    "a gzip that ends early": (lambda: gzipped(aggregate(records=[record()]))[:-30], Fault.BROKEN_PACKAGE),
    "a gzip with wrong sums": (lambda: gzipped(aggregate())[:-8] + bytes(8), Fault.BROKEN_PACKAGE),
    "a zip that ends early": (lambda: zipped(aggregate())[:-30], Fault.BROKEN_PACKAGE),
    "a gzip of many parts": (lambda: gzipped(aggregate()) + gzipped(b" ") * 50, Fault.NOT_ONE_FILE),
    "another archive": (lambda: b"Rar!\x1a\x07\x00", Fault.NO_REPORT),
    "more than the limit": (lambda: b"<feedback>" + b"x" * 5_000_000, Fault.TOO_LARGE),
    "a billion laughs": (lambda: BILLION, Fault.HAS_DOCTYPE),
    "a file from outside": (lambda: OUTSIDE, Fault.HAS_DOCTYPE),
    "an XML that ends early": (lambda: aggregate(records=[record()])[:-40], Fault.BROKEN_XML),
    "bytes of another encoding": (lambda: aggregate(org="M\u00fcller").decode().encode("latin-1"), Fault.BROKEN_XML),
    "an encoding of nobody": (
        lambda: aggregate(before='<?xml version="1.0" encoding="klingon"?>'), Fault.BROKEN_XML,
    ),
    "a deep XML": (lambda: b"<feedback>" + b"<a>" * 1_000, Fault.TOO_DEEP),
    "one endless tag": (lambda: b"<feedback><a " + b"x" * 2_000_000, Fault.NO_REPORT),
    "a million rows": (lambda: repeated(HEAD, record().encode() * 1_000, 1_000), Fault.TOO_MANY_RECORDS),
    "a web page": (lambda: b"<html><body>Sign in</body></html>", Fault.NO_REPORT),
    "a text": (lambda: b"Date,Spam rate", Fault.NO_REPORT),
    "negative counts alone": (lambda: aggregate(records=[record(count=-1)]), Fault.BAD_VALUE),
    "of 1970": (lambda: aggregate(records=[record()], begins=midnight(20_000)), Fault.BAD_VALUE),
    "of a time to come": (lambda: aggregate(records=[record()], begins=midnight(-30)), Fault.BAD_VALUE),
    "of half a year": (lambda: aggregate(records=[record()], begins=midnight(200), days=180), Fault.BAD_VALUE),
    "an end before its begin": (lambda: aggregate(records=[record()], days=-1), Fault.BAD_VALUE),
    "a date of nobody": (
        lambda: aggregate().replace(b"<begin>", b"<begin>99999999999999"), Fault.BAD_VALUE,
    ),
    "no number": (lambda: aggregate(number=""), Fault.BAD_VALUE),
    "no domain": (lambda: aggregate(domain="not a domain"), Fault.BAD_VALUE),
    "a deep JSON": (lambda: b'{"policies":' + b"[" * 200_000, Fault.TOO_DEEP),
    "a broken JSON": (lambda: tls()[:-3], Fault.BROKEN_JSON),
    "a large JSON": (lambda: gzipped(b'{"a": "' + b"0123456789abcdef" * 400_000 + b'"}'), Fault.TOO_DENSE),
    "a JSON of other things": (lambda: json.dumps({"policies": [1]}).encode(), Fault.BAD_VALUE),
    "a JSON with a wrong count": (
        lambda: tls({"policy": {"policy-domain": "acme.example"}, "summary": {"total-failure-session-count": -1}}),
        Fault.BAD_VALUE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_RECORDS", 3_000)
    make, fault = CASES[name]
    content = make()
    began = time.process_time()
    with pytest.raises(BadReport) as refused:
        read_report(content, now=clock.now())
    assert refused.value.fault is fault, str(refused.value)
    assert str(refused.value).endswith(".")
    assert time.process_time() - began < 10  # of the processor; the slowest takes one


@pytest.mark.parametrize("name", ["a gzip bomb of 200 MB", "a deep JSON", "one endless tag"])
def test_a_bomb_fills_no_memory(name: str) -> None:
    content = CASES[name][0]()
    tracemalloc.start()
    try:
        with pytest.raises(BadReport):
            read_report(content, now=clock.now())
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_equal_records_are_one_row() -> None:
    found = read_report(gzipped(HEAD + record(count=2).encode() * 500 + b"</feedback>"), now=clock.now())
    assert [row.count for row in found.rows] == [1_000]  # type: ignore[union-attr]
    assert found.ends - found.begins < timedelta(days=1)
