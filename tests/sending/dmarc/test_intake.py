"""A report on its way into the tables, by hand, by a program and by mail: once, and only if it is ours."""

from __future__ import annotations

import json
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from outreach.accounts.access import Member
from outreach.kit import clock
from sending.bounces import Kind
from sending.dmarc import services
from sending.dmarc.models import DmarcReport, DmarcRow, TlsRow
from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.services import Way, forget, take_file
from sending.imap import RawMail
from sending.inbox.models import InboundMessage
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox
from sending.planner.states import EnrollmentState
from sending.reports.report_command import DONE, NOT_TAKEN, take_report_file
from tests.builders import make_mailbox, make_member, make_workspace
from tests.programs import program_of
from tests.sending.dmarc.files import aggregate, forged, gzipped, mailed, midnight, record, tls, tls_policy, zipped
from tests.sending.inbox.scene import CAME_AT, Scene, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    found = make_member(make_workspace())
    make_mailbox(found.workspace, "me@acme.example")
    return found


def came(mailbox: Mailbox, raw: bytes) -> InboundMessage:
    row = take_in(mailbox, RawMail(1, CAME_AT, len(raw), raw, truncated=False))
    assert row is not None
    return row


def test_a_report_is_taken_once_whatever_it_is_packed_in(member: Member) -> None:
    content = aggregate(records=[record(), forged()])
    (taken,) = take_file(member.workspace, "C:\\r\\a.xml", content, Way(by=member.user))
    row = DmarcReport.objects.get()
    assert (row.org, row.domain, row.day, row.name) == ("mailer.example", "acme.example", midnight().date(), "a.xml")
    assert (row.messages, row.aligned, row.rows, row.policy["p"], row.taken_by) == (13, 10, 2, "none", member.user)
    assert taken.words.endswith("is taken in: 13 messages, 10 of them passed.")
    for again in (content, gzipped(content), zipped(content)):
        (known,) = take_file(member.workspace, "b", again, Way())
        assert (known.is_known, known.differs) == (True, False)
    (other,) = take_file(member.workspace, "b", aggregate(records=[record()]), Way())
    assert "says otherwise, and was left out: nothing has changed." in other.words
    assert (DmarcReport.objects.count(), DmarcRow.objects.count()) == (1, 2)
    stored = DmarcRow.objects.get(source="192.0.2.7")
    assert (stored.signatures, stored.spf_results) == ([["acme.example", "s1", "pass"]], [["acme.example", "", "pass"]])


def test_the_same_report_belongs_to_each_workspace_that_sends_from_the_domain(member: Member) -> None:
    other = make_workspace("other")
    make_mailbox(other, "you@acme.example")
    for workspace in (member.workspace, other):
        take_file(workspace, "a", aggregate(records=[record()]), Way())
    assert DmarcReport.objects.count() == 2


@pytest.mark.parametrize("domain", ["other.example", "notacme.example", "gmail.com"])
def test_a_report_about_nobody_here_is_refused(member: Member, domain: str) -> None:
    make_mailbox(member.workspace, "me@gmail.com")
    with pytest.raises(BadReport, match=f"about {domain}, and no mailbox here") as refused:
        take_file(member.workspace, "a", aggregate(domain, [record()]), Way())
    assert refused.value.fault is Fault.NOT_YOURS
    with pytest.raises(BadReport):
        take_file(member.workspace, "a", tls(tls_policy(domain)), Way())
    assert not DmarcReport.objects.exists()


def test_of_a_policy_above_only_mail_of_own_domains_is_kept(member: Member) -> None:
    make_mailbox(member.workspace, "me@mail.shop.example")
    rows = [record(header_from="mail.shop.example"), record(header_from="another.example")]
    (taken,) = take_file(member.workspace, "a", aggregate("shop.example", rows), Way())
    assert [row.header_from for row in DmarcRow.objects.all()] == ["mail.shop.example"]
    assert taken.words.endswith("1 record left out: mail from another.example, which is none of your domains.")


def test_a_tls_report_of_several_domains_is_kept_for_those_of_ours(member: Member) -> None:
    make_mailbox(member.workspace, "me@shop.example")
    content = tls(tls_policy(bad=2), tls_policy("shop.example"), tls_policy("other.example"))
    taken = take_file(member.workspace, "a", content, Way())
    assert [(one.report.domain, one.report.messages, one.report.aligned) for one in taken] == [
        ("acme.example", 102, 100), ("shop.example", 100, 100),
    ]  # fmt: skip
    assert TlsRow.objects.get(failures=2).details == [["certificate-expired", "mx.acme.example", 2, ""]]


def test_old_reports_are_forgotten_with_their_rows(member: Member) -> None:
    for number, days in (("1", 1), ("2", 399)):
        take_file(member.workspace, "a", aggregate(records=[record()], number=number, begins=midnight(days)), Way())
    assert forget(now=clock.now()) == 0
    assert forget(now=clock.now() + timedelta(days=3)) == 1
    assert (DmarcReport.objects.get().report_id, DmarcRow.objects.count()) == ("1", 1)


# By mail


def test_a_report_by_mail_is_taken_in_and_is_no_answer() -> None:
    scene = make_scene()
    raw = mailed(gzipped(aggregate(records=[record(), forged()])))
    row = came(scene.mailbox, raw)
    assert (row.kind, row.contact, row.answers, row.suggested) == (Kind.OTHER, None, None, None)
    assert (row.evidence[0]["layer"], row.evidence[0]["rule"]) == ("report", "taken")
    assert "is taken in: 13 messages" in InboundMessage.objects.get().followed
    report = DmarcReport.objects.get()
    assert (report.mailbox, report.proof, report.taken_by, report.messages) == (scene.mailbox, "unsaid", None, 13)
    assert scene.counted().keys() <= {"sent", "enrolled"}
    assert take_in(scene.mailbox, RawMail(2, CAME_AT, len(raw), raw, truncated=False)) is None


@pytest.mark.parametrize(
    ("name", "kind", "content", "subject"),
    [
        ("a!acme.example!1767225600!1767311999.zip", "application/zip", zipped, "Report"),
        ("a!acme.example!1767225600!1767311999.xml", "text/xml", bytes, "Report"),
        ("report.gz", "application/octet-stream", gzipped, "Report Domain: acme.example Submitter: x Report-ID: 1"),
    ],
)
def test_reports_are_found_by_name_or_by_subject(name: str, kind: str, content: type, subject: str) -> None:
    scene = make_scene()
    row = came(scene.mailbox, mailed(content(aggregate(records=[record()])), name=name, kind=kind, subject=subject))
    assert row.kind == Kind.OTHER
    assert DmarcReport.objects.count() == 1


def test_tls_reports_are_found_by_their_type() -> None:
    scene = make_scene()
    came(scene.mailbox, mailed(gzipped(tls(tls_policy())), name="x", kind="application/tlsrpt+gzip", subject="Report"))
    assert DmarcReport.objects.get().kind == "tls"


def test_a_hostile_one_is_named_and_changes_nothing() -> None:
    scene = make_scene()
    before = scene.stands
    row = came(scene.mailbox, mailed(gzipped(b"<feedback>" + b" " * 3_000_000)))
    row.refresh_from_db()
    assert (row.kind, row.evidence[0]["rule"]) == (Kind.OTHER, "too_dense")
    assert "made to fill memory" in row.followed
    assert "Nothing was taken in." in row.followed
    assert not DmarcReport.objects.exists()
    assert scene.stands == before


def test_an_answer_stays_an_answer_whatever_is_attached_to_it() -> None:
    scene = make_scene()
    raw = mailed(
        gzipped(aggregate(records=[record()])), sender="ada@x.example", subject="Re: Hello",
        In_Reply_To=scene.message.message_id,
    )  # fmt: skip
    row = came(scene.mailbox, raw)
    assert (row.kind, row.answers) == (Kind.HUMAN_REPLY, scene.message)
    assert scene.person.state == EnrollmentState.STOPPED
    assert DmarcReport.objects.count() == 1


def test_a_zip_of_somebody_else_is_not_looked_into() -> None:
    scene = make_scene()
    row = came(scene.mailbox, mailed(zipped(b"offer"), name="offer.zip", subject="Our offer", kind="application/zip"))
    assert (row.kind, row.evidence) != (Kind.OTHER, [])
    assert not any(one["layer"] == "report" for one in row.evidence)


@pytest.mark.parametrize(
    ("headers", "proof"),
    [
        (["mx.google.com; dkim=pass; dmarc=pass header.from=mailer.example", "mx.google.com; dmarc=fail"], "passed"),
        (["mx.google.com; dkim=fail; dmarc=fail header.from=mailer.example"], "failed"),
        (["mx.evil.example; dmarc=pass"], "unsaid"),
        (["mx.google.com; spf=pass"], "unsaid"),
        ([], "unsaid"),
    ],
)
def test_only_the_first_word_of_the_mailboxs_own_server_counts(headers: list[str], proof: str) -> None:
    scene: Scene = make_scene()
    Mailbox.objects.update(imap_host="imap.gmail.com")
    scene.mailbox.refresh_from_db()
    mail = message_from_bytes(mailed(gzipped(aggregate(records=[record()]))))
    for value in headers:
        mail["Authentication-Results"] = value
    came(scene.mailbox, mail.as_bytes())
    assert DmarcReport.objects.get().proof == proof


def test_a_flood_of_made_up_reports_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_BY_MAIL", 2)
    scene = make_scene()
    for number in range(4):
        content = gzipped(aggregate(records=[record(), forged()], number=str(number)))
        came(scene.mailbox, mailed(content, subject=f"Report domain: {number} Submitter: x"))
    assert DmarcReport.objects.count() == 2
    take_file(scene.workspace, "a", aggregate(records=[record()], number="by hand"), Way())  # people still may


# By programs


def test_a_program_takes_reports_in_and_reads_who_sent(member: Member) -> None:
    program = program_of(member)
    answer = program.send("/domains/reports", {"file": SimpleUploadedFile("a.xml", aggregate(records=[record()]))})
    (one,) = answer.json()["results"]
    assert (one["domain"], one["messages"], one["passed"], one["known_before"]) == ("acme.example", 10, 10, False)
    bad = program.send("/domains/reports", {"file": SimpleUploadedFile("a.xml", b"<html></html>")})
    assert (bad.status_code, bad.json()["code"]) == (422, "no_report")


def test_outreach_report_tells_a_receivers_report_from_a_providers_file(member: Member, tmp_path: Path) -> None:
    path = tmp_path / "a.xml.gz"
    path.write_bytes(gzipped(aggregate(records=[record()])))
    said: list[str] = []
    assert take_report_file(path, "acme", "", said.append, is_json=False) == DONE
    assert said[0].startswith("a.xml.gz: The DMARC report of mailer.example about acme.example")
    assert take_report_file(path, "acme", "", said.append, is_json=True) == DONE
    assert json.loads(said[1])["known_before"] is True
    path.write_bytes(gzipped(b"<html></html>"))
    assert take_report_file(path, "acme", "", said.append, is_json=False) == NOT_TAKEN
    assert "begins with <html>" in said[2]
