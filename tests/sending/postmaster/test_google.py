"""Google's files: what each form says, what stays unknown, and why a line is refused."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from sending.postmaster.errors import BadReport
from sending.postmaster.reading import read_report
from sending.postmaster.shapes import DomainDay, Report, Source
from tests.sending.postmaster.files import TODAY, day_v1, metric, v1, v2

DAY = date(2026, 11, 24)


def read(content: bytes | str, domain: str = "") -> Report:
    content = content.encode() if isinstance(content, str) else content
    return read_report(content, today=TODAY, domain=domain)


def causes(report: Report) -> list[tuple[str, str]]:
    return [(one.place, one.cause) for one in report.refused]


def test_an_answer_of_v1_with_all_that_it_has() -> None:
    report = read(
        v1(
            day_v1(
                userReportedSpamRatio=0.0042, userReportedSpamRatioLowerBound=0.003,
                userReportedSpamRatioUpperBound=0.0054, domainReputation="LOW",
                spfSuccessRatio=1, dkimSuccessRatio=0.99, dmarcSuccessRatio="0.98",
                inboundEncryptionRatio=1.0, outboundEncryptionRatio=0.5,
                ipReputations=[
                    {"reputation": "LOW", "ipCount": "3", "sampleIps": ["192.0.2.7"]}, {"reputation": "HIGH"},
                    {"reputation": "<b>", "ipCount": "9"},
                ],
                deliveryErrors=[
                    {"errorClass": "TEMPORARY_ERROR", "errorType": "RATE_LIMIT_EXCEEDED", "errorRatio": 0.02},
                    {"errorClass": "PERMANENT_ERROR", "errorType": "LOW_DOMAIN_REPUTATION", "errorRatio": 0},
                ],
            )
        )
    )  # fmt: skip
    assert (report.source, report.refused) == (Source.GOOGLE_V1, ())
    assert report.days == (
        DomainDay(
            "acme.example", DAY, 0.0042, 0.003, 0.0054, "LOW", {"LOW": 3}, 1.0, 0.99, 0.98, 1.0, 0.5,
            {"temporary: rate limit exceeded": 0.02},
        ),
    )  # fmt: skip


def test_a_day_without_a_spam_rate_stays_unknown_and_that_is_said() -> None:
    report = read(v1(day_v1(domainReputation="HIGH")))
    assert report.days[0].spam_rate is None
    assert causes(report) == [("trafficStats[0]", "no spam rate is given for this day: it stays unknown")]


def test_an_answer_of_v2_is_put_together_by_the_names_of_its_metrics() -> None:
    report = read(
        v2(
            metric("spam_rate", 0.001), metric("auth_dkim", 0.97), metric("spf_success_rate", 0.9),
            metric("delivery_error__reject__low_domain_reputation", 0.01), metric("delivery_error_rate", 0.02),
            metric("spam_rate", 0.002, date(2026, 11, 23)),
            metric("userReportedSpamRate", 0.2, domain="BÜCHER.example"),
        )
    )  # fmt: skip
    first, second, other = report.days
    assert (report.source, report.refused) == (Source.GOOGLE_V2, ())
    assert (first.spam_rate, first.dkim, first.spf) == (0.001, 0.97, 0.9)
    assert first.errors == {"reject: low domain reputation": 0.01, "all": 0.02}
    assert (second.day, second.spam_rate) == (date(2026, 11, 23), 0.002)
    assert other.domain == "xn--bcher-kva.example"


def test_a_batch_and_a_list_of_pages_are_read_alike() -> None:
    page = json.loads(v2(metric("spam_rate", 0.001)))
    batch = {"results": [{"response": page}, {"error": {"code": 7, "message": "PERMISSION_DENIED"}}]}
    assert read(json.dumps(batch)).days == read(json.dumps([page])).days == read(v2(metric("spam_rate", 0.001))).days


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        (metric("my numbers", 0.1), "“my numbers” is a metric whose name says nothing"),
        (metric("feedback_loop_spam_rate__7", 0.1), "is the rate of one Feedback-ID"),
        (metric("delivery_error_count__reject", 0.1), "is a number of errors"),
        (metric("spam_rate", 30), "“30” lies beyond 100 %"),
        (metric("spam_rate", -0.1), "“-0.1” is below 0"),
        (metric("spam_rate", True), "“True” is no rate"),
        (metric("spam_rate", [0.1]), "“[0.1]” is no rate"),
        (metric("spam_rate", None), "it has no value: it stays unknown"),
        (metric("spam_rate", 10**400), "lies beyond 100 %"),
        (metric("spam_rate", 0.1) | {"date": None}, "it has no day: ask for aggregationGranularity DAILY"),
        (metric("spam_rate", 0.1) | {"date": {"year": 2026, "month": 2, "day": 30}}, "2026-02-30 is no day"),
        (metric("spam_rate", 0.1) | {"date": {"year": "x", "month": 2, "day": 3}}, "“x” is no count"),
        (metric("spam_rate", 0.1, date(2026, 11, 28)), "2026-11-28 has not come yet"),
        (metric("spam_rate", 0.1, date(2025, 1, 1)), "2025-01-01 is more than 400 days ago"),
        (metric("spam_rate", 0.1, domain="acme"), "“acme” is no domain"),
        (metric("spam_rate", 0.1, domain="<script>.example"), "is no domain"),
        (metric("spam_rate", 0.1) | {"value": 7}, "it has no value: it stays unknown"),
        (day_v1("20261301", userReportedSpamRatio=0.1), "2026-13-01 is no day"),
        (day_v1("tomorrow"), "names no domain and day"),
        (day_v1(), "it holds no number that is known here"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_with_its_cause_and_others_are_kept(entry: object, cause: str) -> None:
    report = read(json.dumps([json.loads(v2(entry)), json.loads(v2(metric("spam_rate", 0.001)))]))
    assert [one.spam_rate for one in report.days] == [0.001]
    (refused,) = report.refused
    assert cause in refused.cause
    assert len(refused.original) <= 200


def test_what_a_file_says_twice_and_not_alike_is_refused_the_second_time() -> None:
    report = read(v2(metric("spam_rate", 0.001), metric("spam_rate", 0.001), metric("spam_rate", 0.0)))
    assert [one.spam_rate for one in report.days] == [0.001]
    assert causes(report) == [("domainStats[2]", "2026-11-24 of acme.example stands in the file twice, and not alike")]


@pytest.mark.parametrize(
    "table",
    [
        'Date,Spam rate\n2026-11-24,0.12%\n"Nov 23, 2026",0%\n',
        "Date;User-reported spam rate (%)\n24.11.2026;0,12\n23.11.2026;0\n",
        "day\tuserReportedSpamRatio\n11/24/2026\t0.0012\n20261123\t0\n",
        "\ufeff\n date , SPAM RATE \n2026-11-24T00:00:00Z, 0.12 %\n2026-11-23, 0.00 %\n\n",
        "Postmaster Tools\nDomain: acme.example\n\nSpam %,Date (UTC)\n0.12,2026-11-24\n0,2026-11-23\n",
    ],
)
def test_tables_of_every_writing_say_the_same(table: str) -> None:
    report = read(table, domain="acme.example")
    assert (report.source, report.refused) == (Source.GOOGLE_CSV, ())
    assert [(one.domain, one.day.day, round(one.spam_rate or 0, 9)) for one in report.days] == [
        ("acme.example", 24, 0.0012), ("acme.example", 23, 0.0),
    ]  # fmt: skip


def test_a_table_with_a_column_of_domains_and_of_reputations() -> None:
    report = read(
        "Domain,Date,Spam rate,Domain reputation,SPF success rate,Delivery errors\n"
        "Acme.example,2026-11-24,0.3%,Bad,99.5%,1%\nb.example,2026-11-24,,High,,\n,2026-11-24,1%,,,\n"
        "acme.example,2026-11-23,1%,splendid,,\nacme.example,2026-11-22,,,,\n"
    )
    first, second = report.days
    assert (first.domain_reputation, first.spf, first.errors) == ("BAD", 0.995, {"all": 0.01})
    assert (second.domain, second.spam_rate, second.domain_reputation) == ("b.example", None, "HIGH")
    assert causes(report) == [
        ("line 4", "“” is no domain"),
        ("line 5", "“splendid” is no reputation: high, medium, low or bad"),
        ("line 6", "no rate is given for this day: it stays unknown"),
    ]


def test_a_column_that_is_called_otherwise_is_told_once_and_the_others_are_taken() -> None:
    report = read(
        "Date,Inbox mood,Spam rate,,Feedback loop 7\n2026-11-24,high,1%,,2%\n2026-11-23,low,2%,,\n", "a.example"
    )
    assert [one.spam_rate for one in report.days] == [0.01, 0.02]
    first, second = causes(report)
    assert first[0] == "column “Inbox mood”"
    assert "whose name says nothing" in first[1]
    assert "the rate of one Feedback-ID" in second[1]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("2026-11-24,0.3", "“0.3” may be percent or a part of one: write it with %"),
        ("03/04/2026,1%", "“03/04/2026” may be one of two days: write it as 2026-04-03"),
        ("2026-11-24,=1+1", "“=1+1” is no rate"),
        ("2026-11-24,101%", "“101%” lies beyond 100 %"),
        ("2026-11-24,１%", "“１%” is no rate"),  # noqa: RUF001  # a wide digit
        ("2026-11-24," + "9" * 5_000, "is no rate"),
        ("someday,1%", "“someday” is no day"),
        ("9999999999-01-01,1%", "is no day"),
        ('"2026-11-24\n",1%\0', None),
    ],
)
def test_a_row_that_can_be_read_in_two_ways_or_none_is_refused(row: str, cause: str | None) -> None:
    table = f"Date,Spam rate\n2026-11-20,1%\n{row}\n"
    if cause is None:
        with pytest.raises(BadReport, match="NUL bytes"):
            read(table, "acme.example")
        return
    report = read(table, "acme.example")
    assert len(report.days) == 1
    (refused,) = report.refused
    assert (refused.place, cause in refused.cause) == ("line 3", True)


def test_one_day_that_can_only_be_read_in_one_way_tells_the_others() -> None:
    report = read("Date,Spam rate\n03/04/2026,1%\n13/04/2026,1%\n", "acme.example")
    assert [one.day for one in report.days] == [date(2026, 4, 3), date(2026, 4, 13)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b'""', "The file is empty."),
        (b"[" * 200_000, "not the JSON of Google's API"),
        (b'{"trafficStats": [{"userReportedSpamRatio": NaN}]}', "NaN is no number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not the JSON of Google's API"),
        (b'{"contacts": []}', "neither “trafficStats” nor “domainStats”"),
        (b"<html>Sign in</html>", "This is a web page"),
        (b"PK\x03\x04....", "This is no text"),
        (b"email,name\na@b.example,Ada\n", "The first row has: “email”, “name”."),
        (b"Date,Spam rate\n2026-11-24,1%\n", "say which domain the file is about"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b'Date,Spam rate\n2026-11-24,"' + b"1" * 200_000 + b'"\n', "is no line of a table"),
        (b"Date,Spam rate\n" + b"2026-11-24,1%\n" * 50_001, "more than 50,000 rows"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(content: bytes, words: str) -> None:
    with pytest.raises(BadReport, match=re.escape(words)):
        read(content)
