"""Acts on all that match: fixed and counted before anything happens, and done once whatever is killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from psycopg.errors import DeadlockDetected

from campaigns.contacts import services
from campaigns.contacts.models import BulkAct, BulkPart, Contact, ContactTag, MailDomain, Suppression
from campaigns.contacts.services import bulk
from campaigns.contacts.states import BulkAction, BulkState
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from tests.builders import make_contact, make_list, make_member, make_workspace
from tests.campaigns.contacts.test_pages import signed_in

PEOPLE = 300


def make_people(member: Member, count: int) -> None:
    Contact.objects.bulk_create(
        Contact(
            workspace=member.workspace, email=f"p{n}@x.com", email_key=f"p{n}@x.com", domain="x.com", company="Acme"
        )
        for n in range(count)
    )


@pytest.mark.django_db(transaction=True)
def test_kill_9_in_the_middle_leaves_whole_parts_and_counts_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PART", 2)
    member = make_member(make_workspace())
    make_people(member, PEOPLE)
    row = services.plan_bulk(member, BulkAction.TAG, Contact.objects.all(), tags=["vip"])
    make_contact(member.workspace, "later@x.com", company="Acme")
    services.confirm_bulk(row, hint=False)
    with worker(row) as process:
        wait_until_done(row, at_least=40)
        process.kill()
        process.wait(10)
    row.refresh_from_db()
    assert row.state == BulkState.RUNNING, "the kill came too late"
    assert row.done == row.changed == ContactTag.objects.count()
    assert sum(len(part.ids) for part in BulkPart.objects.all()) == PEOPLE - row.done
    services.run_bulk(row.pk)
    row.refresh_from_db()
    assert row.state == BulkState.RUNNING, "the lease of the dead is not over"
    BulkAct.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    services.run_bulk(row.pk)
    row.refresh_from_db()
    assert (row.state, row.total, row.done, row.changed) == (BulkState.DONE, PEOPLE, PEOPLE, PEOPLE)
    assert ContactTag.objects.count() == PEOPLE, "whoever came later is not meant"


def worker(row: BulkAct) -> subprocess.Popen[str]:
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.campaigns.contacts.bulk_worker", database, str(row.pk)]
    return subprocess.Popen(command, text=True, env={**os.environ})


def wait_until_done(row: BulkAct, *, at_least: int) -> None:
    deadline = time.monotonic() + 30
    while row.done < at_least:
        assert time.monotonic() < deadline, "the worker does nothing"
        time.sleep(0.002)
        row.refresh_from_db(fields=["done"])


@pytest.mark.django_db
def test_the_last_exclusion_of_a_long_condition_counts_for_whom_an_act_is_about() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    make_people(member, 2)
    # 1,400 characters of six encoded ones each: more than 8,000 before the last exclusion.
    word = "\u0436" * 198
    long = " and ".join(f"not city is {word}{at:02}" for at in range(7))
    where = f"company is acme and {long} and not email is p1@x.com"
    page = client.get(member.url("contacts:list"), {"where": where}).text
    scope = re.search(r'name="scope" value="([^"]*)"', page)
    assert scope is not None
    assert scope[1].index("p1%40x.com") > 8_000
    form = {"everyone": "1", "action": "suppress", "scope": scope[1], "query": scope[1]}
    assert "Never write to 1 contact again?" in client.post(member.url("contacts:selected"), form, follow=True).text
    assert BulkPart.objects.get().ids == [Contact.objects.get(email="p0@x.com").pk]


@pytest.mark.django_db
def test_who_changed_is_counted_by_person_whatever_the_number_of_tags() -> None:
    member = make_member(make_workspace())
    make_people(member, 3)
    first = Contact.objects.order_by("pk")[0]
    services.add_tags(member.workspace, [first.pk], ["vip", "fair"])
    for action, tags, changed in (
        (BulkAction.TAG, ["vip", "fair"], 2),
        (BulkAction.UNTAG, ["vip", "fair"], 3),
        (BulkAction.UNTAG, ["vip", "fair"], 0),
    ):
        row = services.plan_bulk(member, action, Contact.objects.all(), tags=tags)
        services.confirm_bulk(row, hint=False)
        services.run_bulk(row.pk)
        row.refresh_from_db()
        assert (row.done, row.changed) == (3, changed)


@pytest.mark.django_db
def test_a_part_that_gave_way_to_others_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    member = make_member(make_workspace())
    make_people(member, 3)
    troubles: list[Exception] = [OperationalError(), IntegrityError()]
    troubles[0].__cause__ = DeadlockDetected()
    real = services.add_tags

    def add_tags(*given: Any) -> int:
        count = real(*given)
        if troubles:
            raise troubles.pop()
        return count

    monkeypatch.setattr(bulk, "add_tags", add_tags)
    row = services.plan_bulk(member, BulkAction.TAG, Contact.objects.all(), tags=["vip"])
    services.confirm_bulk(row, hint=False)
    services.run_bulk(row.pk)
    row.refresh_from_db()
    assert (row.state, row.done, row.changed, troubles) == (BulkState.DONE, 3, 3, [])


@pytest.mark.django_db
def test_all_that_match_are_counted_asked_about_and_deleted_and_nobody_who_came_later() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    make_people(member, 60)
    kept = make_contact(member.workspace, "kept@x.com")
    stranger = make_contact(make_workspace("other"), "p1@x.com", company="Acme")
    page = client.get(member.url("contacts:list"), {"where": "company is acme"}).text
    assert "All 60 that match" in page
    scope = re.search(r'name="scope" value="([^"]*)"', page)
    assert scope is not None
    form = {"everyone": "1", "action": "delete", "scope": scope[1], "query": "where=company+is+acme"}
    asked = client.post(member.url("contacts:selected"), form, follow=True)
    assert "Delete 60 contacts?" in asked.text
    row = BulkAct.objects.get()
    late = make_contact(member.workspace, "late@x.com", company="Acme")
    services.run_bulk(row.pk)
    assert Contact.objects.count() == 63, "nothing happens before it is confirmed"
    url = member.url("contacts:bulk", row.pk)
    assert "60 of" not in client.post(url, follow=True).text
    services.run_bulk(row.pk)
    assert set(Contact.objects.all()) == {kept, stranger, late}
    ended = client.get(url).text
    assert "were deleted" in ended
    assert "Finished" in ended
    assert not BulkPart.objects.exists()


@pytest.mark.django_db
def test_a_condition_that_cannot_be_read_is_no_act_on_anybody() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    make_people(member, 2)
    form = {"everyone": "1", "action": "delete", "scope": "where=company+like+x"}
    answer = signed_in(member).post(member.url("contacts:selected"), form, follow=True)
    assert "one of is, contains, begins, empty is expected" in answer.text
    assert not BulkAct.objects.exists()


@pytest.mark.django_db
def test_each_act_does_what_it_says_to_the_set_that_was_fixed() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    workspace = member.workspace
    make_people(member, 4)
    leads = make_list(workspace, "Leads")
    MailDomain.objects.create(
        domain="x.com", verdict="mail", reason="mx", provider="google", checked_at=clock.now(), since=clock.now(),
        look_at=clock.now() + timedelta(days=9),
    )  # fmt: skip

    def done(action: BulkAction, **tools: object) -> int:
        row = services.plan_bulk(member, action, Contact.objects.filter(email__lt="p3"), **tools)  # type: ignore[arg-type]
        assert row.total == 3
        assert services.confirm_bulk(row, hint=False)
        assert not services.confirm_bulk(row, hint=False)
        services.run_bulk(row.pk)
        row.refresh_from_db()
        assert (row.state, row.done) == (BulkState.DONE, 3)
        return row.changed

    assert done(BulkAction.ADD, contact_list=leads) == 3
    assert done(BulkAction.ADD, contact_list=leads) == 0
    assert done(BulkAction.TAG, tags=["a", "b"]) == 3
    assert done(BulkAction.UNTAG, tags=["b"]) == 3
    assert done(BulkAction.CHECK) == 3
    assert set(Contact.objects.values_list("verdict", flat=True)) == {"valid"}
    assert done(BulkAction.SUPPRESS, note="a fair") == 3
    assert set(Suppression.objects.values_list("value", "evidence")) == {(f"p{n}@x.com", "a fair") for n in range(3)}
    assert done(BulkAction.REMOVE, contact_list=leads) == 3
    assert not leads.members.exists()


@pytest.mark.django_db
def test_an_act_can_be_ended_and_a_plan_that_nobody_confirms_goes_away() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    make_people(member, 3)
    running, planned = (services.plan_bulk(member, BulkAction.TAG, Contact.objects.all(), tags=["a"]) for _ in range(2))
    services.confirm_bulk(running, hint=False)
    assert "End it; what is done stays" in client.get(member.url("contacts:bulk", running.pk)).text
    client.post(member.url("contacts:bulk", running.pk), {"cancel": "1"})
    services.run_bulk(running.pk)
    running.refresh_from_db()
    assert (running.state, running.done) == (BulkState.CANCELLED, 0)
    BulkAct.objects.filter(pk=planned.pk).update(created_at=clock.now() - timedelta(days=2))
    services.sweep_bulk()
    assert list(BulkAct.objects.all()) == [running]


@pytest.mark.django_db
def test_who_is_deleted_before_a_confirmed_suppression_comes_to_them_is_suppressed_all_the_same() -> None:
    member = make_member(make_workspace())
    ada, bob = make_contact(member.workspace, "ada@x.com"), make_contact(member.workspace, "bob@x.com")
    row = services.plan_bulk(member, BulkAction.SUPPRESS, Contact.objects.filter(pk=ada.pk), note="asked by phone")
    services.confirm_bulk(row, hint=False)
    services.delete_contacts(member.workspace, [ada.pk, bob.pk])
    services.run_bulk(row.pk)
    assert list(Suppression.objects.values_list("value", "evidence")) == [("ada@x.com", "asked by phone")]
