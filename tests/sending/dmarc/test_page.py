"""The page of a domain's reports: joined with what is known here, taken in by hand, and as a file."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.dmarc import forms
from sending.dmarc.models import DmarcReport
from sending.dmarc.queries import told_of
from sending.dmarc.services import Way, take_file
from sending.dmarc.states import Proof
from sending.domains.judging.findings import Check, Finding, Judged, Standing
from sending.domains.judging.whole import Line, Report, to_json
from sending.domains.models import DomainReport, WatchedDomain
from sending.domains.states import KeyState
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry
from sending.ledger.services import record as note
from sending.mailboxes.models import Mailbox
from tests.builders import make_domain_key, make_mailbox, make_member, make_workspace
from tests.programs import program_of
from tests.sending.dmarc.files import aggregate, forged, midnight, record, signature, tls, tls_policy
from tests.sending.planner.pages import signed_in

pytestmark = pytest.mark.django_db
STANDING = "v=DMARC1; p=none; rua=mailto:dmarc@acme.example"


def checked(row: WatchedDomain, standing: str = STANDING, at: str = "acme.example") -> None:
    """Keep what a check of the DNS found: SPF with Google and a range, a server's address, the DMARC record."""
    found = Finding(Check.RDNS, "good:192.0.2.5", Standing.GOOD, "It has a name.")
    judged = (Judged(Check.DMARC, (), (standing,), at), Judged(Check.RDNS, (found,)))
    tree = (Line(0, "include:_spf.google.com", 1), Line(1, "ip4:203.0.113.0/24", 0), Line(0, "~all", 0))
    now = clock.now()
    stored = to_json(Report("acme.example", judged, tree, 1))
    DomainReport.objects.create(watched=row, first_at=now, last_at=now, report=stored)


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


@pytest.fixture
def row(member: Member) -> WatchedDomain:
    make_mailbox(member.workspace, "ada@acme.example", smtp_host="smtp.gmail.com")
    make_mailbox(member.workspace, "bob@acme.example", smtp_host="out.acme.example")
    found = WatchedDomain.objects.create(workspace=member.workspace, domain="acme.example")
    checked(found)
    return found


def take(member: Member, *records: str, days: int = 1, **values: Any) -> None:
    take_file(
        member.workspace, "a", aggregate(records=records, begins=midnight(days), number=str(days), **values), Way()
    )


GOOGLE = "203.0.113.7"
ALL = (
    record(GOOGLE, 40), record("192.0.2.5", 6), forged("198.51.100.9", 3, disposition="quarantine"),
    record("198.51.100.20", 2, spf="fail"),
)  # fmt: skip


def test_each_source_is_joined_with_mailboxes_keys_and_spf(member: Member, row: WatchedDomain) -> None:
    key = make_domain_key(member.workspace, "acme.example", state=KeyState.SIGNING, checked_at=clock.now())
    signed = record("198.51.100.30", 1, spf="fail", signatures=signature(selector=key.selector))
    take(member, *ALL, signed)
    mailbox_id = Mailbox.objects.get(address="ada@acme.example").pk
    note([Entry(member.workspace.pk, EventKind.SENT, midnight(), mailbox_id=mailbox_id)] * 5)
    told = told_of(member.workspace, row, days=30)
    assert [(one.source.address, one.origin, one.mailboxes) for one in told.sources] == [
        (GOOGLE, "provider", ("ada@acme.example",)),
        ("192.0.2.5", "ours", ("bob@acme.example",)),
        ("198.51.100.9", "unknown", ()),
        ("198.51.100.20", "forwarder", ()),  # carries the selector that mail through Google carries
        ("198.51.100.30", "forwarder", ()),  # carries the key that this workspace signs with
    ]
    assert [(one.messages, one.aligned, one.reporters, one.sent) for one in told.days] == [(52, 49, 1, 5)]
    unknown = told.sources[2].source
    assert (unknown.quarantined, unknown.dkim, unknown.spf, unknown.signed) == (3, 0, 0, ())
    page = signed_in(member).get(member.url("dmarc:reports", row.pk)).text
    for words in (
        "198.51.100.9", "Unknown sender", "ada@acme.example", "A provider that your SPF names", "3 to spam",
        "5 sent here on these days", "Not yet: p=quarantine on trial (t=y)", "Of the last 30 days 1 were reported",
        "anybody can write a report", "v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc@acme.example",
    ):  # fmt: skip
        assert words in page, words


def test_after_two_weeks_without_a_loss_the_next_step_is_offered(member: Member, row: WatchedDomain) -> None:
    for day in range(1, 15):
        take(member, record(GOOGLE, 30), forged(count=2), days=day)
    told = told_of(member.workspace, row, days=30)
    assert told.advice.is_safe, told.advice.reasons
    assert told.to_publish is not None
    assert (told.to_publish.name, told.to_publish.value) == (
        "_dmarc.acme.example", "v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc@acme.example",
    )  # fmt: skip
    take(member, record(GOOGLE, 1, dkim="fail", spf="fail"), days=0)
    told = told_of(member.workspace, row, days=30)
    assert not told.advice.is_safe
    DmarcReport.objects.filter(report_id="0").update(proof=Proof.FAILED)  # as a mail that was forged brings it
    told = told_of(member.workspace, row, days=30)
    assert (told.advice.is_safe, told.messages) == (True, 449)  # it is shown, and weighs nothing
    DomainReport.objects.all().delete()
    checked(row, "v=DMARC1; p=quarantine")
    told = told_of(member.workspace, row, days=30)  # what was seen under p=none proves nothing of it
    assert "Of the last 30 days 0 were reported under this policy" in told.advice.reasons[0]


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        ("v=DMARC1; p=none; rua=mailto:ADA@acme.example!10m", "ada@acme.example, which is read here"),
        (
            "v=DMARC1; p=none; rua=mailto:dmarc@acme.example",
            "which is the address of no mailbox here",
        ),
        ("v=DMARC1; p=reject;", "v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"),
        ("", "v=DMARC1; p=none; rua=mailto:dmarc@acme.example"),
    ],
)
def test_before_the_first_report_the_page_says_where_reports_go(
    member: Member, row: WatchedDomain, standing: str, words: str
) -> None:
    DomainReport.objects.all().delete()
    if standing:
        checked(row, standing)
    assert words in signed_in(member).get(member.url("dmarc:reports", row.pk)).text


def test_a_policy_from_above_is_not_changed_for_one_domain_below(member: Member, row: WatchedDomain) -> None:
    DomainReport.objects.all().delete()
    checked(row, "v=DMARC1; p=reject; sp=none", at="example")
    told = told_of(member.workspace, row, days=30)
    assert (told.advice.step, told.is_from_above, told.to_publish) == ("trial", True, None)


def test_files_are_taken_in_together_and_a_bad_one_does_not_keep_the_others_out(
    member: Member, row: WatchedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "PACKED_LIMIT_BYTES", 1_000_000)
    client, url = signed_in(member), member.url("dmarc:reports", row.pk)
    assert "No report yet" in client.get(url).text
    good = SimpleUploadedFile("a.xml", aggregate(records=ALL))
    session = SimpleUploadedFile("t.json", tls(tls_policy(bad=4)))
    answer = client.post(url, {"reports": [good, session, SimpleUploadedFile("b.xml", b"<html/>")]}, follow=True)
    assert DmarcReport.objects.filter(taken_by=member.user).count() == 2
    for words in (
        "51 messages, 48 of them passed",
        "b.xml: The XML begins with",
        "certificate-expired at mx.acme.example: 4",
    ):
        assert words in answer.text, words
    good.seek(0)
    assert "was taken in before: nothing has changed." in client.post(url, {"reports": [good]}, follow=True).text
    for files, words in (
        ([SimpleUploadedFile("b.xml", b"<html/>")], "begins with"), ([], "Choose a file."),
        ([SimpleUploadedFile("b.xml", b"")], "A file is empty."),
        ([SimpleUploadedFile("b.xml", b"x" * 1_000_001)], "larger than 1 MB"),
    ):  # fmt: skip
        answer = client.post(url, {"reports": files})
        assert answer.status_code == 422
        assert words in answer.text


def test_whoever_only_looks_takes_nothing_in(member: Member, row: WatchedDomain) -> None:
    take(member, *ALL)
    viewer = make_member(member.workspace, Role.VIEWER)
    client, url = signed_in(viewer), viewer.url("dmarc:reports", row.pk)
    assert "Take them in" not in client.get(url).text
    assert client.post(url, {"reports": [SimpleUploadedFile("a.xml", aggregate())]}).status_code == 403


def test_the_rows_are_a_file_in_which_nothing_is_a_formula(member: Member, row: WatchedDomain) -> None:
    take(member, record(GOOGLE), org="=cmd|' /c calc'!A1")
    content = signed_in(member).get(member.url("dmarc:file", row.pk)).getvalue()
    (line,) = csv.DictReader(content.decode("utf-8-sig").splitlines())
    assert line["organization"] == "'=cmd|' /c calc'!A1"
    assert (line["source"], line["messages"], line["dkim"], line["dkim_aligned"]) == (
        GOOGLE, "10", "acme.example s1 pass", "pass",
    )  # fmt: skip


def test_a_program_reads_sources_days_and_advice(member: Member, row: WatchedDomain) -> None:
    take(member, *ALL)
    program = program_of(member, [Scope.CAMPAIGNS_READ])
    told = program.ask("GET", f"/domains/{row.pk}/reports/sources?days=90").json()
    assert (told["messages"], told["passed"], told["advice"]["next"]) == (51, 48, "trial")
    assert told["sources"][0]["signatures"] == [
        {"domain": "acme.example", "selector": "s1", "result": "pass", "messages": 40}
    ]
    (one,) = program.ask("GET", f"/domains/{row.pk}/reports").json()["results"]
    assert (one["organization"], one["messages"], one["proof"]) == ("mailer.example", 51, "")


def test_what_a_page_asks_does_not_grow_with_what_was_reported(member: Member, row: WatchedDomain) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            told_of(member.workspace, row, days=400)
        return len(queries)

    take(member, *ALL)
    few = asked()
    for day in range(2, 9):
        take(member, *(record(f"10.0.{day}.{n}", 1) for n in range(40)), days=day)
    assert asked() == few


def test_names_that_only_look_alike_are_not_mixed_in(member: Member, row: WatchedDomain) -> None:
    make_mailbox(member.workspace, "a@notacme.example")
    take_file(member.workspace, "a", aggregate("notacme.example", [record(header_from="notacme.example")]), Way())
    assert told_of(member.workspace, row, days=30).messages == 0
