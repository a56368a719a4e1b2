"""How a rehearsal is asked for, written down, called off, begun anew after a crash, and forgotten."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils.html import escape

from campaigns.contacts.models import Contact
from campaigns.contacts.services import erase, suppress, sweep_erasures
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Campaign, SendWindow, Variant
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.rehearsal import services
from sending.rehearsal.errors import NotPossible
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson
from sending.rehearsal.performance import Orders
from sending.rehearsal.services import KEPT, cancel, run_rehearsal, start_rehearsal, sweep_rehearsals
from sending.rehearsal.states import RehearsalState
from sending.rehearsal.telling import Arrival, Message, Report, Standing, Told
from sending.sandbox.behaviour import Behaviour
from tests.builders import make_member, make_office_hours
from tests.sending.planner.stage import make_sender, make_team
from tests.sending.rehearsal.drafts import make_draft, make_people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def draft(member: Member) -> Campaign:
    return make_draft(member, make_people(member, 3), (make_sender(member),), steps=2)


def start(member: Member, draft: Campaign, **shares: int) -> Rehearsal:
    found = {Behaviour(name): share for name, share in shares.items()}
    return start_rehearsal(member, draft, days=30, seed=1, shares=found, hint=False)


def sent_to(contact: Contact, at: datetime) -> Message:
    message_id = f"<{contact.pk}@acme.example>"
    mail = f"To: {contact.email}\r\n\r\nHello".encode()
    return Message(
        contact.pk, contact.email, "me@acme.example", 1, "A", at, "accepted", "250", "Hello", message_id, mail
    )


def state_of(row: Rehearsal) -> str:
    return Rehearsal.objects.values_list("state", flat=True).get(pk=row.pk)


def test_a_rehearsal_is_played_and_everything_of_it_can_be_read(member: Member, draft: Campaign) -> None:
    row = start(member, draft, reply=1000)
    run_rehearsal(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.problem) == ("done", 1, "")
    assert row.report is not None
    assert row.report["people"] == RehearsedPerson.objects.count() == 3
    assert row.messages == RehearsedMessage.objects.count() > 2
    assert row.arrivals == RehearsedArrival.objects.count() == 3
    client = Client()
    client.force_login(member.user)
    page = client.get(member.url("rehearsal:detail", row.pk)).text
    assert "Nothing is left to do by itself." in page
    assert "All were kept, judged by what left." in page
    message = RehearsedMessage.objects.order_by("at")[0]
    assert message.subject in client.get(member.url("rehearsal:messages", row.pk)).text
    assert "this is number 1" in client.get(member.url("rehearsal:message", message.pk)).text
    assert client.get(member.url("rehearsal:source", message.pk)).content == bytes(message.raw)
    arrival = RehearsedArrival.objects.order_by("at")[0]
    assert "What it was taken for" in client.get(member.url("rehearsal:arrival", arrival.pk)).text
    people = client.get(member.url("rehearsal:people", row.pk), {"state": "stopped", "reason": "replied"}).text
    assert RehearsedPerson.objects.filter(state="stopped").order_by("pk")[0].email in people


def test_the_words_about_somebody_are_shown_and_go_with_an_erasure(member: Member, draft: Campaign) -> None:
    Variant.objects.filter(step__campaign=draft).update(body_text="Dear {{ company }}")
    skipped = Contact.objects.get(email="p0@example0.com")
    suppress(member.workspace, skipped.email, SuppressionReason.MANUAL, evidence=f"{skipped.email} asked for it")
    row = start(member, draft)
    run_rehearsal(row.pk)
    row.refresh_from_db()
    client = Client()
    client.force_login(member.user)
    page = client.get(member.url("rehearsal:detail", row.pk)).text
    words = RehearsedPerson.objects.get(rehearsal=row, contact=skipped).words
    assert words
    assert escape(words) in page
    assert "1 person would never be written to" in page
    erase(member, skipped, typed=skipped.email, why="Asked by mail")
    sweep_erasures()
    row.refresh_from_db()
    kept = [row.report, *RehearsedMessage.objects.values(), *RehearsedPerson.objects.values()]
    assert skipped.email not in str(kept)
    page = client.get(member.url("rehearsal:detail", row.pk)).text
    assert "1 person would never be written to" in page, "the count stays"
    assert escape(words) not in page


def test_a_form_starts_one_and_a_second_at_the_same_time_is_refused(member: Member, draft: Campaign) -> None:
    client = Client()
    client.force_login(member.user)
    url = member.url("rehearsal:list", draft.pk)
    form = {"days": "14", "seed": "7", "reply": "2.5", "bounce": "0"}
    form |= {one.value: form.get(one.value, "0") for one in Behaviour if one.value not in {"silent", "slow"}}
    answer = client.post(url, form)
    row = Rehearsal.objects.get()
    assert answer["Location"] == member.url("rehearsal:detail", row.pk)
    assert (row.days, row.seed, row.shares, row.asked_by) == (14, 7, {"reply": 25}, member.user)
    again = client.post(url, form)
    assert again.status_code == 422
    assert "one at a time" in again.text
    too_many = client.post(url, {**form, "reply": "99", "ooo": "2"})
    assert "more than 100 % of the people" in too_many.text
    assert "Waiting for a worker" in client.get(member.url("rehearsal:detail", row.pk)).text
    client.post(member.url("rehearsal:cancel", row.pk))
    assert state_of(row) == "cancelled"
    viewer = Client()
    viewer.force_login(make_member(member.workspace, Role.VIEWER).user)
    assert viewer.post(url, form).status_code == 403


def test_what_cannot_be_played_says_why(member: Member, draft: Campaign) -> None:
    with pytest.raises(NotPossible, match="No active mailbox"):
        start(member, make_draft(member, make_people(member, 0), (), name="Empty"))
    SendWindow.objects.all().delete()
    with pytest.raises(NotPossible, match="Nothing could ever go out: No sending window is set"):
        start(member, draft)
    make_office_hours(draft)
    row = start(member, draft)
    Campaign.objects.filter(pk=draft.pk).update(state="archived")
    run_rehearsal(row.pk)
    row.refresh_from_db()
    assert (row.state, row.problem) == ("failed", "The campaign is gone, or over for good.")


def test_a_rehearsal_that_is_called_off_ends_its_process_and_keeps_what_was_played(
    member: Member,
) -> None:
    draft = make_draft(member, make_people(member, 50), (make_sender(member, gap_min_s=60, gap_max_s=60),), steps=2)
    row = start(member, draft)
    worker = threading.Thread(target=_run, args=[row.pk])
    worker.start()
    _wait_for_messages(row)
    assert cancel(row)
    worker.join(30)
    assert not worker.is_alive()
    row.refresh_from_db()
    assert (row.state, row.report) == ("cancelled", None)
    assert row.messages == RehearsedMessage.objects.count()
    assert 0 < row.messages < 100
    assert not cancel(row)


def test_after_kill_9_it_begins_anew_and_shows_nothing_twice(member: Member) -> None:
    draft = make_draft(member, make_people(member, 20), (make_sender(member, gap_min_s=60, gap_max_s=60),), steps=2)
    row = start(member, draft)
    command = [
        sys.executable,
        "-m",
        "tests.sending.rehearsal.worker",
        str(connection.settings_dict["NAME"]),
        str(row.pk),
    ]
    with subprocess.Popen(command) as worker:
        _wait_for_messages(row)
        worker.kill()
    before = RehearsedMessage.objects.count()
    assert 0 < before < 40
    _sweep_until_queued(row)
    run_rehearsal(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.messages) == ("done", 2, 40)
    assert RehearsedMessage.objects.values("contact", "position").distinct().count() == 40
    assert RehearsedMessage.objects.count() == 40
    assert row.report is not None
    assert set(row.report["forecast"].values()) == {40}


def test_three_lost_workers_are_enough(member: Member, draft: Campaign) -> None:
    row = start(member, draft)
    Rehearsal.objects.filter(pk=row.pk).update(state=RehearsalState.RUNNING, attempts=3, started_at=clock.now())
    sweep_rehearsals()
    row.refresh_from_db()
    assert row.state == "failed"
    assert "The worker ended 3 times" in row.problem


def test_the_last_five_are_kept_for_a_month(member: Member, draft: Campaign) -> None:
    for _ in range(KEPT + 2):
        cancel(start(member, draft))
    assert Rehearsal.objects.count() == KEPT
    newest = Rehearsal.objects.order_by("-pk")[0]
    Rehearsal.objects.exclude(pk=newest.pk).update(finished_at=F("finished_at") - timedelta(days=31))
    sweep_rehearsals()
    assert list(Rehearsal.objects.all()) == [newest]


def _run(rehearsal_id: int) -> None:
    try:
        run_rehearsal(rehearsal_id)
    finally:
        connection.close()


def _wait_for_messages(row: Rehearsal) -> None:
    deadline = time.monotonic() + 60
    while not RehearsedMessage.objects.filter(rehearsal=row).exists():
        assert time.monotonic() < deadline, "it does not begin"
        time.sleep(0.01)


def _sweep_until_queued(row: Rehearsal) -> None:
    """The server frees the lock of a killed worker as soon as it notices."""
    deadline = time.monotonic() + 30
    while state_of(row) != RehearsalState.QUEUED:
        assert time.monotonic() < deadline, "the lock stays"
        sweep_rehearsals()
        time.sleep(0.01)


def test_an_erasure_in_the_middle_takes_the_person_out_and_nothing_of_them_comes_later(
    member: Member, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = Contact.objects.order_by("pk")[:2]

    @contextmanager
    def played(orders: Orders) -> Iterator[Iterator[Told]]:
        yield told(orders.begins_at)

    def told(at: datetime) -> Iterator[Told]:
        for one in (gone, kept):
            yield sent_to(one, at)
        assert RehearsedMessage.objects.count() == 2
        erase(member, gone, typed=gone.email, why="Asked by mail")
        sweep_erasures()
        for one in (gone, kept):
            yield Arrival(f"<{one.pk}@acme.example>", at, "reply", "human_reply", "Re: Hello", one.email.encode())
            yield sent_to(one, at)
            yield Standing(one.pk, one.email, "stopped", "replied", f"{one.email} answered", 2, at, None)
        broken = {"promise": "Once", "broken": 2, "examples": [gone.pk, kept.pk]}
        yield Report("done", at, people=2, left_out=0, checks=[broken])

    monkeypatch.setattr(services, "_MOST_AT_ONCE", 1)
    monkeypatch.setattr(services, "played", played)
    row = start(member, draft)
    run_rehearsal(row.pk)
    row.refresh_from_db()
    assert row.state == "done"
    assert list(RehearsedMessage.objects.values_list("contact", flat=True)) == [kept.pk, kept.pk]
    assert list(RehearsedArrival.objects.values_list("message__contact", flat=True)) == [kept.pk]
    assert list(RehearsedPerson.objects.values_list("contact", flat=True)) == [kept.pk]
    assert row.report is not None
    assert row.report["checks"][0]["examples"] == [kept.pk]
    tables = (RehearsedMessage, RehearsedArrival, RehearsedPerson)
    assert gone.email not in str([row.report, *(list(table.objects.values()) for table in tables)])
    client = Client()
    client.force_login(member.user)
    assert "for one to p1@example1.com" in client.get(member.url("rehearsal:detail", row.pk)).text


def test_an_erasure_before_it_begins_lets_the_person_take_no_part(member: Member, draft: Campaign) -> None:
    gone = Contact.objects.get(email="p0@example0.com")
    erase(member, gone, typed=gone.email, why="Asked by mail")
    row = start(member, draft, reply=1000)
    run_rehearsal(row.pk)
    row.refresh_from_db()
    assert row.report is not None
    assert row.report["people"] == RehearsedPerson.objects.count() == 2
    assert gone.email not in str(list(RehearsedMessage.objects.values()))


def test_the_review_says_how_the_last_rehearsal_went_and_leads_there_and_back(member: Member, draft: Campaign) -> None:
    client = Client()
    client.force_login(member.user)
    url = member.url("rehearsal:newest", draft.pk)
    assert url in client.get(member.url("planner:review", draft.pk)).text
    assert "Not rehearsed yet." in client.get(url).text
    row = start(member, draft)
    assert "A rehearsal is under way" in client.get(url).text
    report = {
        "people": 3,
        "ending": "done",
        "checks": [],
        "findings": [],
        "others": [{"campaign": "Beside", "id": draft.pk, "messages": 3, "left_out": 7}],
    }
    Rehearsal.objects.filter(pk=row.pk).update(
        state=RehearsalState.DONE, finished_at=clock.now(), begins_at=clock.now(), now_at=clock.now(), report=report
    )
    assert "Nothing found" in client.get(url).text
    finding = {"code": "nothing", "tone": "red", "count": 0, "words": ""}
    Rehearsal.objects.filter(pk=row.pk).update(report=report | {"findings": [finding]})
    assert "Some of it would have gone wrong" in client.get(url).text
    page = client.get(member.url("rehearsal:detail", row.pk)).text
    assert f'href="{member.url("planner:review", draft.pk)}"' in page
    assert "7 people of it did not take part" in page
    cancelled = Rehearsal.objects.filter(pk=row.pk)
    cancelled.update(state=RehearsalState.CANCELLED, report=None)
    assert "was called off" in client.get(url).text
