"""What reports of the big reporters say, in one form; each deviation that they are known for."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.kit import clock
from sending.dmarc.reading.errors import BadReport
from sending.dmarc.reading.files import is_named_so, looks_so, read_report
from sending.dmarc.reading.shapes import Aggregate, Published, Row, Signature, SpfResult, TlsFailure, TlsReport
from tests.sending.dmarc.files import (
    NEW,
    aggregate,
    gzipped,
    midnight,
    record,
    signature,
    tls,
    tls_policy,
    zipped,
)


def read(content: bytes) -> Aggregate:
    found = read_report(content, now=clock.now())
    assert isinstance(found, Aggregate)
    return found


USUAL = Row(
    "192.0.2.7", 10, "none", True, True, "acme.example", "acme.example",
    (Signature("acme.example", "s1", "pass"),), (SpfResult("acme.example", "", "pass"),),
)  # fmt: skip


@pytest.mark.parametrize("packed", [bytes, gzipped, zipped], ids=["plain", "gzip", "zip"])
def test_the_old_form_says_the_same_in_each_package(packed: Any) -> None:
    found = read(packed(aggregate(records=[record()])))
    assert (found.org, found.report_id, found.begins) == ("mailer.example", "1", midnight())
    assert found.ends == midnight() + timedelta(days=1, seconds=-1)
    assert found.policy == Published("acme.example", p="none", sp="none", adkim="r", aspf="r", pct="100")
    assert found.rows == (USUAL,)


def test_the_form_of_rfc_9990_with_its_namespace_and_what_it_added() -> None:
    policy = (
        "<p>quarantine</p><sp>none</sp><np>reject</np><testing>y</testing><discovery_method>treewalk</discovery_method>"
    )
    reason = "<reason><type>policy_test_mode</type><comment>t=y of ada@acme.example</comment></reason>"
    found = read(
        aggregate(
            records=[record(reason=reason, disposition="pass")], policy=policy, namespace=NEW,
            version="<version>1.0</version><extension><x:y xmlns:x='urn:x'>1</x:y></extension>",
        )
    )  # fmt: skip
    assert found.policy == Published(
        "acme.example", p="quarantine", sp="none", np="reject", testing="y", discovery="treewalk"
    )
    assert (found.rows[0].disposition, found.rows[0].overrides) == ("pass", ("policy_test_mode",))
    assert "ada" not in repr(found)  # comments may name people


# Each as a record or a report that such a reporter writes, with what is different about it.
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(aggregate(records=[record(header_from="Acme.Example")]), USUAL, id="capitals"),
        pytest.param(
            aggregate(records=[record(source="2001:DB8:0:0::7")]), ("source", "2001:db8::7"), id="ipv6 written long"
        ),
        pytest.param(aggregate(records=[record(source="::ffff:192.0.2.7")]), USUAL, id="ipv4 as ipv6"),
        pytest.param(
            aggregate(records=[record(signatures=signature(selector="") + signature(selector=None))]),
            ("signatures", (Signature("acme.example", "", "pass"),) * 2), id="empty selector, and none",
        ),
        pytest.param(
            aggregate(records=[record(signatures=signature() + signature("list.example", "x", "fail"))]),
            ("signatures", (Signature("acme.example", "s1", "pass"), Signature("list.example", "x", "fail"))),
            id="several signatures",
        ),
        pytest.param(
            aggregate(records=[record(spf_result="<spf><domain>a.example</domain><scope>mfrom</scope><result>unknown</result></spf>")]),
            ("spf_results", (SpfResult("a.example", "mfrom", "temperror"),)), id="unknown, as SPF once said",
        ),
        pytest.param(
            aggregate(records=[record(spf_result="<spf><domain>a.example</domain><result>hardfail</result></spf>")]),
            ("spf_results", (SpfResult("a.example", "", "fail"),)), id="hardfail",
        ),
        pytest.param(
            aggregate(records=[record(envelope="&lt;bounce@Mail.acme.example&gt;")]),
            ("envelope_from", "mail.acme.example"), id="an address in place of its domain",
        ),
        pytest.param(aggregate(records=[record(envelope="")]), ("envelope_from", ""), id="empty envelope"),
        pytest.param(aggregate(records=[record(header_from="")]), ("header_from", "acme.example"), id="no From"),
        pytest.param(aggregate(records=[record(count="10.0")]), USUAL, id="a count with a fraction"),
        pytest.param(aggregate(records=[record(count=4), record(count=6)]), USUAL, id="one group in two records"),
        pytest.param(
            aggregate(records=[record().replace("identifiers", "identities")]), USUAL, id="identities, as drafts had it"
        ),
        pytest.param(
            aggregate(records=[record(dkim="", spf="", disposition="")]),
            ("is_aligned", False), id="nothing evaluated",
        ),
        pytest.param(aggregate(records=[record(disposition="Reject")]), ("disposition", "reject"), id="Reject"),
        pytest.param(
            aggregate(records=[record()], namespace="http://dmarc.org/dmarc-xml/0.1"), USUAL, id="old namespace"
        ),
        pytest.param(
            aggregate(records=[record()]).replace(b"</", b"</n:").replace(b"<", b"<n:")
            .replace(b"<n:/", b"</").replace(b"<n:?", b"<?"),
            USUAL, id="prefixes",
        ),
        pytest.param(b"\xef\xbb\xbf" + aggregate(records=[record()]), USUAL, id="byte order mark"),
        pytest.param(
            aggregate(records=[record()], before='<?xml version="1.0" encoding="UTF-16"?>').decode().encode("utf-16"),
            USUAL, id="utf-16",
        ),
        pytest.param(
            aggregate(records=[record()], before='<?xml version="1.0" encoding="windows-1252"?>', org="M\u00fcller")
            .decode().encode("cp1252"), USUAL, id="windows-1252",
        ),
        pytest.param(aggregate(records=[record()], before="\n  "), USUAL, id="no declaration, and blanks before it"),
    ],
)  # fmt: skip
def test_what_reporters_do_otherwise(content: bytes, expected: Any) -> None:
    row = read(content).rows[0]
    if isinstance(expected, Row):
        assert row == expected
    else:
        assert getattr(row, expected[0]) == expected[1]


@pytest.mark.parametrize("form", ["{:.0f}", "{:.3f}"])
def test_dates_with_a_fraction_and_as_text_are_the_same_instant(form: str) -> None:
    start = midnight(2)
    content = aggregate(records=[record()], begins=start)
    told = str(int(start.timestamp())).encode()
    assert read(content.replace(told, form.format(start.timestamp()).encode())).begins == start
    assert read(content.replace(told, start.strftime("%Y-%m-%dT%H:%M:%S").encode())).begins == start


def test_a_record_that_cannot_be_read_costs_no_other() -> None:
    bad = [record(count=-5), record(source="unknown"), record(count=10**15), record(header_from="no domain at all")]
    found = read(aggregate(records=[*bad, record()]))
    assert (found.rows, found.skipped) == ((USUAL,), 4)
    assert found.causes[0] == "record 1: “-5” is no count"


def test_a_tls_report_with_its_failures() -> None:
    found = read_report(gzipped(tls(tls_policy(bad=7), tls_policy("other.example", 3))), now=clock.now())
    assert isinstance(found, TlsReport)
    first, second = found.policies
    assert (first.domain, first.kind, first.successes, first.failures) == ("acme.example", "sts", 100, 7)
    assert first.details == (TlsFailure("certificate-expired", "mx.acme.example", 7),)
    assert (second.domain, second.successes, second.details) == ("other.example", 3, ())


@pytest.mark.parametrize(
    ("name", "kind", "is_one"),
    [
        ("google.com!acme.example!1767225600!1767311999.zip", "application/zip", True),
        ("enterprise.protection.outlook.com!acme.example!1767225600!1767311999.xml.gz", "application/gzip", True),
        ("yahoo.com!acme.example!1767225600!1767311999!id-9.xml", "text/xml", True),
        ("fastmail!x.example!1!2.pdf", "application/pdf", False),
        ("offer.zip", "application/zip", False),
        ("anything", "application/tlsrpt+gzip", True),
    ],
)
def test_an_attachment_is_a_report_by_its_name_or_type(name: str, kind: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_named_so(name, kind) is is_one


def test_what_is_meant_as_a_report_is_told_from_files_of_providers() -> None:
    assert looks_so(aggregate())
    assert looks_so(gzipped(b"x"))
    assert looks_so(tls())
    assert not looks_so(b'{"trafficStats": []}')
    assert not looks_so(b"Date,Spam rate\n")


NOW = datetime(2026, 11, 27, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3000), st.binary(max_size=4))
def test_whatever_is_broken_has_a_name_and_never_another_error(tail: bytes, at: int, noise: bytes) -> None:
    whole = aggregate(records=[record(), record("192.0.2.8")], begins=datetime(2026, 11, 26, tzinfo=UTC))
    for content in (
        tail,
        b"<feedback>" + tail,
        b"{" + tail,
        whole[:at] + noise + whole[at:],
        gzipped(whole)[:at] + noise,
    ):
        with contextlib.suppress(BadReport):
            read_report(content, now=NOW)
