"""What providers report, from the file to the held message: taken in once, judged by its age, undone by a kept word."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.errors import StillGuarded
from sending.mailboxes.models import Cooldown, Mailbox
from sending.mailboxes.reported import report_alarms_of
from sending.planner.models import Enrollment
from sending.planner.progress.guards import sweep_reports
from sending.planner.services import write_again
from sending.postmaster.models import ReportedDay, ReportedSpan, ReportFile
from sending.reports.provider_reports import take_in
from sending.reports.providers import by_provider
from sending.reports.report_command import BAD_USAGE, DONE, NOT_TAKEN, take_report_file
from tests.builders import make_contact, make_member, make_running_campaign
from tests.programs import program_of
from tests.sending.planner.stage import database_time, emails, happen, make_sender, make_team, pick
from tests.sending.postmaster.files import day_v1, snds_row, v1
from tests.sending.reports.busy import page_of, signed_in

pytestmark = pytest.mark.django_db


def ago(days: int) -> date:
    return database_time().astimezone(UTC).date() - timedelta(days=days)


def report(member: Member, rate: float, days: int, *, domain: str = "acme.example", **more: float) -> None:
    """Take in what Google says of the day so many days ago."""
    entry = day_v1(f"{ago(days):%Y%m%d}", domain, userReportedSpamRatio=rate, **more)
    take_in(member.workspace, "google.json", v1(entry))


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_sender(member)


@pytest.fixture
def campaign(member: Member, mailbox: Mailbox) -> Campaign:
    people = tuple(make_contact(member.workspace, one) for one in ("a@gmail.com", "b@outlook.com", "c@own.example"))
    return make_running_campaign(member, people, (mailbox,))


def test_at_the_limit_all_mailboxes_of_the_domain_leave_google_alone_and_no_other(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    below, other = make_sender(member, "me@mail.acme.example"), make_sender(member, "me@notacme.example")
    report(member, 0.003, 2)
    rows = Cooldown.objects.order_by("mailbox_id")
    assert [(row.mailbox_id, row.side, row.reported) for row in rows] == [
        (mailbox.pk, "google", "acme.example"), (below.pk, "google", "acme.example"),
    ]  # fmt: skip
    assert {row.until.date() for row in rows} == {ago(-6)}  # seven days after the day that was reported
    assert sorted(emails(pick(mailbox))) == ["b@outlook.com", "c@own.example"]
    words = (
        f"0.30 % of the mail of acme.example in inboxes of Gmail on {ago(2).day} {ago(2):%B %Y} was reported as spam, "
        "says Google Postmaster Tools (the limit is 0.30 %); of how many messages it does not say."
    )
    held = Enrollment.objects.get(contact__email="a@gmail.com")
    assert (held.hold_code, held.hold_detail) == (
        "cooldown", f"Google is left alone by all mailboxes of acme.example: {words}"[:300],
    )  # fmt: skip
    assert Event.objects.filter(kind=EventKind.MAILBOX_COOLED, data__words=words).count() == 2
    for url in ("reports:home", "reports:feedback", "reports:provider_reports"):
        assert words in page_of(member, member.url(url)), url
    assert words in page_of(member, member.url("mailboxes:detail", mailbox.pk))
    assert "reported as spam" not in page_of(member, member.url("mailboxes:detail", other.pk))
    assert sweep_reports() == 0  # it is told once


@pytest.mark.parametrize(
    ("rate", "days", "stops"),
    [
        (0.0029, 1, False), (0.001, 7, False), (0.00099, 1, None), (0.003, 7, True), (0.5, 8, None), (0.5, 21, None),
    ],
)  # fmt: skip
def test_a_number_counts_by_its_line_and_for_seven_days(
    member: Member, mailbox: Mailbox, rate: float, days: int, *, stops: bool | None
) -> None:
    report(member, rate, days)
    assert [one.stops for one in report_alarms_of(member.workspace)] == ([] if stops is None else [stops])
    assert Cooldown.objects.filter(mailbox=mailbox).exists() == (stops is True)


def test_a_good_day_lifts_nothing_and_a_later_bad_one_makes_it_longer(member: Member, mailbox: Mailbox) -> None:
    report(member, 0.004, 4)
    report(member, 0.0, 3)
    assert Cooldown.objects.get().until.date() == ago(-4)
    report(member, 0.005, 1)
    assert Cooldown.objects.get().until.date() == ago(-7)
    assert Event.objects.filter(kind=EventKind.MAILBOX_COOLED, mailbox_id=mailbox.pk).count() == 2


def test_a_mailbox_that_comes_later_is_found_at_the_next_look(member: Member) -> None:
    report(member, 0.004, 1)
    late = make_sender(member, "late@acme.example")
    assert sweep_reports() == 1
    assert Cooldown.objects.get().mailbox_id == late.pk


def test_in_a_sandbox_and_at_a_free_provider_nothing_is_held(member: Member) -> None:
    make_sender(member, "me@gmail.com")
    report(member, 0.01, 1, domain="gmail.com")
    assert not Cooldown.objects.exists()
    make_sender(member)
    Workspace.objects.update(time_scale=60)
    report(member, 0.01, 1)
    assert not Cooldown.objects.exists()


def test_only_an_admin_who_says_why_lets_them_go_on_and_a_later_day_counts_anew(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    other = make_sender(member, "you@acme.example")
    report(member, 0.004, 3)
    report(member, 0.0, 2)
    pick(mailbox)
    clerk = make_member(member.workspace, Role.MEMBER)
    for by, why in ((clerk, "I may"), (member, "  "), (None, "x")):
        with pytest.raises(StillGuarded, match="only if an admin or owner says why"):
            write_again(mailbox, "google", by=by, why=why)
    client = signed_in(member)
    client.post(member.url("planner:warmth", mailbox.pk), {"side": "google", "why": "It was a newsletter"})
    event = Event.objects.get(kind=EventKind.GUARD_RELEASED)
    assert event.data["words"].startswith(
        "“It was a newsletter” Let go on, although: 0.40 % of the mail of acme.example"
    )
    assert (event.data["by"], event.data["reported"], event.data["day"]) == (
        member.user.email, "acme.example", ago(2).isoformat(),
    )  # fmt: skip
    assert sweep_reports() == 0
    assert not Cooldown.objects.filter(until__gt=database_time()).exists()
    assert emails(pick(mailbox)) == ["a@gmail.com"]
    report(member, 0.004, 1)
    assert Cooldown.objects.filter(until__gt=database_time()).count() == len({mailbox.pk, other.pk})


def test_the_same_file_again_changes_nothing_and_a_newer_one_adds_what_it_knows(member: Member) -> None:
    first = v1(day_v1(f"{ago(1):%Y%m%d}", userReportedSpamRatio=0.002, dkimSuccessRatio=1))
    taken = take_in(member.workspace, "first.json", first)
    assert (taken.file.added, taken.file.changed, taken.file.unchanged) == (1, 0, 0)
    table = f"Date,Spam rate,Domain reputation\n{ago(1)},0.1%,Low\n".encode()
    second = take_in(member.workspace, "second.csv", table, domain="ACME.example").file
    assert (second.added, second.changed, second.unchanged) == (0, 1, 0)
    row = ReportedDay.objects.get()
    assert (row.spam_rate, row.dkim, row.domain_reputation) == (0.001, 1.0, "LOW")
    assert take_in(member.workspace, "first.json", first).is_known  # an old file does not come back
    row.refresh_from_db()
    assert (row.spam_rate, ReportFile.objects.count()) == (0.001, 2)
    third = take_in(member.workspace, "third.csv", table + b"\n", domain="acme.example").file
    assert (third.added, third.changed, third.unchanged) == (0, 0, 1)


def test_the_page_takes_a_file_and_tells_each_line_that_it_refused(member: Member, mailbox: Mailbox) -> None:
    url, client = member.url("reports:provider_reports"), signed_in(member)
    assert "never reported" in page_of(member, url)
    table = f"Date,Spam rate\n{ago(1)},0.12%\n{ago(2)},0.3\n".encode()
    bad = client.post(url, {"file": SimpleUploadedFile("g.csv", table), "domain": ""})
    assert (bad.status_code, "say which domain the file is about" in bad.text) == (422, True)
    form = {"file": SimpleUploadedFile("g.csv", table), "domain": "acme.example"}
    page = client.post(url, form, follow=True).text
    for words in (
        "g.csv: 1 entry added, 0 changed, 0 known already; 1 line refused.", "line 3", "write it with %", "0.12 %",
        "acme.example: close to the limit of Gmail",
    ):  # fmt: skip
        assert words in page, words
    spans = f"{snds_row(day=f'{ago(1):%m/%d/%Y}', complaints='0.4%', filter='RED')}\n".encode()
    page = client.post(url, {"file": SimpleUploadedFile("data.csv", spans)}, follow=True).text
    assert "192.0.2.7" in page
    assert "0.40 % of 1,894 recipients complained; more than 90 % of its mail was taken for spam (RED)." in page
    assert not Cooldown.objects.exists()  # an address may be others', too
    rows = list(
        csv.DictReader(client.get(member.url("reports:provider_file")).getvalue().decode("utf-8-sig").splitlines())
    )
    assert [(row["domain"], row["day"], row["spam_rate"], row["spf"]) for row in rows] == [
        ("acme.example", ago(1).isoformat(), "0.0012", ""),
    ]  # fmt: skip
    assert b"192.0.2.7" in client.get(member.url("reports:address_file")).getvalue()
    viewer = make_member(member.workspace, Role.VIEWER)
    assert signed_in(viewer).post(url, form).status_code == 403


def test_complaints_by_provider_have_their_denominator_and_gmails_are_unknown(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    people = {one.contact.email: one.contact_id for one in Enrollment.objects.select_related("contact")}

    def tell(kind: EventKind, email: str, times: int = 1, **data: Any) -> None:
        happen(None, mailbox, kind, times, contact_id=people.get(email, 0), **data)

    tell(EventKind.SENT, "a@gmail.com", 7)
    tell(EventKind.SENT, "b@outlook.com", 5)
    tell(EventKind.BOUNCED_HARD, "b@outlook.com", how="returned")
    tell(EventKind.BOUNCED_HARD, "b@outlook.com")  # refused at once: it never counted as sent
    tell(EventKind.COMPLAINED, "b@outlook.com")
    tell(EventKind.SENT, "gone@x.example", 2)
    found = by_provider(member.workspace)
    assert [(one.receiver, one.delivered, one.complaints and one.complaints.hits) for one in found.rows] == [
        ("google", 7, None), ("microsoft", 4, 1), ("", 2, 0),
    ]  # fmt: skip
    page = page_of(member, member.url("reports:feedback"))
    assert "Gmail tells senders of no complaint: unknown." in page
    assert "25.00 %" in page
    text = signed_in(member).get(member.url("reports:feedback_file")).getvalue().decode("utf-8-sig")
    rows = {row["name"]: row for row in csv.DictReader(text.splitlines()) if row["of"] == "provider"}
    assert (rows["Google"]["delivered"], rows["Google"]["complaints"]) == ("7", "")
    assert (rows["Microsoft"]["complaints"], rows["Microsoft"]["complaint rate"]) == ("1", "0.25")


def test_programs_give_files_and_read_the_series(member: Member, mailbox: Mailbox) -> None:
    program = program_of(member, [Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE])
    content = v1(day_v1(f"{ago(1):%Y%m%d}", userReportedSpamRatio=0.004), day_v1("never"))
    for is_known in (False, True):
        answer = program.send("/feedback/reports", {"file": SimpleUploadedFile("g.json", content)})
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert (told["added"], told["refused"], told["known_before"]) == (1, 1, is_known)
        assert "names no domain and day" in told["refusals"][0]["cause"]
    program.send(
        "/feedback/reports", {"file": SimpleUploadedFile("s.csv", snds_row(day=f"{ago(1):%m/%d/%Y}").encode())}
    )
    (domain,) = program.ask("GET", "/feedback/domains").json()["results"]
    assert (domain["domain"], domain["age_days"], domain["alarm"]["stops"]) == ("acme.example", 1, True)
    assert (domain["days"][0]["spam_rate"], domain["days"][0]["spf"]) == (0.004, None)
    (span,) = program.ask("GET", "/feedback/addresses").json()["results"]
    assert (span["address"], span["complaint_below"], span["begins"]) == ("192.0.2.7", True, f"{ago(1)} 10:00")
    assert len(program.ask("GET", "/feedback/reports").json()["results"]) == 2
    bad = program.send("/feedback/reports", {"file": SimpleUploadedFile("g.json", b"[]")})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_report")


def test_the_command_tells_what_it_took_and_what_follows(member: Member, mailbox: Mailbox, tmp_path: Path) -> None:
    path, said = tmp_path / "g.json", list[str]()
    path.write_bytes(v1(day_v1(f"{ago(1):%Y%m%d}", userReportedSpamRatio=0.004)))
    slug = member.workspace.slug
    assert take_report_file(path, slug, "", said.append, is_json=False) == DONE
    assert said[0] == "g.json (Google Postmaster Tools (API v1)): 1 added, 0 changed, 0 known already, 0 refused."
    assert said[1].startswith("Stopped: 0.40 % of the mail of acme.example")
    assert take_report_file(path, slug, "", said.append, is_json=True) == DONE
    assert json.loads(said[-1])["known_before"]
    path.write_text("email\na@b.example\n")
    assert take_report_file(path, slug, "", said.append, is_json=False) == NOT_TAKEN
    assert take_report_file(path, slug, "no domain", said.append, is_json=False) == BAD_USAGE
    assert take_report_file(path, "nowhere", "", said.append, is_json=False) == BAD_USAGE
    assert take_report_file(tmp_path / "none", slug, "", said.append, is_json=False) == BAD_USAGE
    assert not ReportedSpan.objects.exists()
