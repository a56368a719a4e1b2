"""The data of Microsoft SNDS, with and without a header, and what is none of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.postmaster.errors import BadReport
from sending.postmaster.reading import read_report
from sending.postmaster.shapes import AddressSpan, Filter, Report, Source
from tests.sending.postmaster.files import TODAY, day_v1, metric, snds_row, v1, v2


def read(text: str) -> Report:
    return read_report(text.encode(), today=TODAY)


def test_a_line_of_the_automated_form_says_all() -> None:
    report = read(snds_row(complaints="0.3%", filter="red", traps="2", comments="blocked, since 3/4") + "\r\n")
    assert (report.source, report.refused) == (Source.SNDS, ())
    assert report.spans == (
        AddressSpan(
            "192.0.2.7", datetime(2026, 11, 24, 10), datetime(2026, 11, 24, 19), 1895, 1894, 1894, Filter.RED, 0.003,  # noqa: DTZ001  # as written
            complaint_below=False, trap_hits=2, helo="mx.acme.example", mail_from="…@acme.example",
            comments="blocked,since 3/4",
        ),
    )  # fmt: skip


def test_a_header_names_the_columns_whatever_their_order() -> None:
    report = read(
        "Filter Result,IP Address,Complaint Rate,Message Recipients,Activity Start,Activity End,Something new\n"
        "YELLOW,2001:DB8::1,< 0.1%,120,11/24/2026 01:00 PM,11/24/2026 02:30 PM,x\n"
    )
    (span,) = report.spans
    assert (span.address, span.filter_result, span.recipients) == ("2001:db8::1", Filter.YELLOW, 120)
    assert (span.complaint_rate, span.complaint_below, span.trap_hits) == (0.001, True, None)


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (snds_row("192.0.2.999"), "“192.0.2.999” is no IP address"),
        (snds_row(day="24/11/2026"), "is no moment as in 12/31/2019 7:00 PM"),
        (snds_row(ends="11/23/2026 1:00 PM"), "the activity ends before it begins"),
        (snds_row(day="11/29/2026"), "2026-11-29 has not come yet"),
        (snds_row(filter="PURPLE"), "“PURPLE” is no filter result: GREEN, YELLOW or RED"),
        (snds_row(complaints="0.3"), "“0.3” may be percent or a part of one: write it with %"),
        (snds_row(complaints="< 200%"), "lies beyond 100 %"),
        (snds_row(traps="many"), "“many” is no count"),
        (snds_row(rcpt="-1"), "“-1” is no count"),
        ("192.0.2.8,11/24/2026 1:00 PM", "the line has 2 columns, and not at least 8"),
        (snds_row(recipients="7"), "192.0.2.7 stands in the file twice with this span, and not alike"),
    ],
)
def test_a_line_that_cannot_be_is_refused_and_the_others_are_kept(row: str, cause: str) -> None:
    report = read(f"{snds_row()}\n{row}\n{snds_row('192.0.2.9')}\n")
    assert [one.address for one in report.spans] == ["192.0.2.7", "192.0.2.9"]
    (refused,) = report.refused
    assert (refused.place, cause in refused.cause) == ("line 2", True)


def test_nothing_that_is_kept_names_a_person() -> None:
    report = read(f"{snds_row(comments='ask bob@x.example')}\n{snds_row('ada@y.example')}\n")
    assert [one.comments for one in report.spans] == ["ask …@x.example"]
    assert "ada@" not in str(report)


def test_the_list_of_blocked_addresses_is_told_apart() -> None:
    with pytest.raises(BadReport, match="list of blocked addresses"):
        read("192.0.2.0,192.0.2.255,Yes,Blocked due to user complaints\n")


PIECES = st.sampled_from(
    [snds_row(), "Date,Spam rate", "2026-11-24,1%", '"', ",", "\n", "\0", "{", "[", "]", "<", "%", "é", "\ud800", "=1",
     v1(day_v1(userReportedSpamRatio=0.1)).decode(), v2(metric("spam_rate", 0.2)).decode(), "1e400", "NaN", "192.0.2.1"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8), st.binary(max_size=40))
def test_no_file_breaks_the_reading(pieces: list[str], tail: bytes) -> None:
    content = "".join(pieces).encode("utf-8", "surrogatepass") + tail
    try:
        report = read_report(content, today=TODAY, domain="acme.example")
    except BadReport:
        return
    for one in report.days:
        assert all(rate is None or 0 <= rate <= 1 for rate in (one.spam_rate, one.spf, one.dkim, one.dmarc))
    assert all(one.cause and len(one.original) <= 200 for one in report.refused)
