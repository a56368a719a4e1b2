"""A POST that is sent again is done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from campaigns.contacts.models import Contact, ContactImport
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.models import KeptAnswer
from outreach.accounts.tasks import forget_answers
from outreach.kit import clock
from outreach.rest import kept
from tests.builders import make_member, make_workspace
from tests.programs import Program, program_of

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@example.com"}


@pytest.fixture
def owner() -> Member:
    return make_member(make_workspace())


@pytest.fixture
def program(owner: Member) -> Program:
    return program_of(owner)


def test_the_same_request_is_answered_as_before(program: Program) -> None:
    first = program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    again = program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Contact.objects.count() == 1
    assert program.ask("POST", "/contacts", ADA, Idempotency_Key="two").status_code == 409


def test_a_key_that_was_used_for_another_request_is_refused(program: Program) -> None:
    program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    for path, body in (("/contacts", {"email": "bob@example.com"}), ("/lists", {"name": "x"}), ("/contacts?a=1", ADA)):
        answer = program.ask("POST", path, body, Idempotency_Key="one")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Contact.objects.count() == 1


def test_a_refusal_is_not_kept_and_can_be_mended(program: Program) -> None:
    assert program.ask("POST", "/contacts", {"email": "nope"}, Idempotency_Key="one").status_code == 422
    assert not KeptAnswer.objects.exists()
    assert program.ask("POST", "/contacts", ADA, Idempotency_Key="one").status_code == 201


def test_what_a_refused_request_did_before_it_was_refused_is_undone(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.contacts.queries.tags_among", lambda _rows: 1 / 0)  # after the contact was stored
    assert program.ask("POST", "/contacts", ADA, Idempotency_Key="one").status_code == 500
    assert not Contact.objects.exists()


def test_keys_of_two_workspaces_do_not_meet(program: Program) -> None:
    other = program_of(make_member(make_workspace("other")))
    assert program.ask("POST", "/contacts", ADA, Idempotency_Key="one").status_code == 201
    assert "Idempotent-Replayed" not in other.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    assert Contact.objects.count() == 2


def test_a_kept_answer_is_for_those_who_may_ask(owner: Member, program: Program) -> None:
    program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    reader = program_of(owner, [Scope.CONTACTS_READ])
    assert reader.ask("POST", "/contacts", ADA, Idempotency_Key="one").status_code == 403


def test_the_same_form_is_the_same_request_whatever_its_boundary(program: Program) -> None:
    def form(content: bytes) -> dict[str, object]:
        return {"file": SimpleUploadedFile("a.csv", content), "start": "false"}

    first = program.send("/imports", form(b"email\nada@example.com\n"), Idempotency_Key="one")
    again = program.send("/imports", form(b"email\nada@example.com\n"), Idempotency_Key="one")
    other = program.send("/imports", form(b"email\nbob@example.com\n"), Idempotency_Key="one")
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.content == first.content
    assert ContactImport.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
def test_a_key_that_is_none_is_refused(program: Program, key: str) -> None:
    answer = program.ask("POST", "/contacts", ADA, Idempotency_Key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def test_answers_are_forgotten_after_a_day(program: Program) -> None:
    program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
    program.ask("POST", "/lists", {"name": "Leads"}, Idempotency_Key="two")
    KeptAnswer.objects.filter(key="one").update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    # Also before the hourly task: a day is a day.
    assert program.ask("POST", "/contacts", {"email": "b@example.com"}, Idempotency_Key="one").status_code == 201
    KeptAnswer.objects.filter(key="one").update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    forget_answers()
    assert [row.key for row in KeptAnswer.objects.all()] == ["two"]


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_being_worked_at_is_not_begun_twice() -> None:
    owner = make_member(make_workspace())
    program = program_of(owner)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:  # as the other request does
            number = kept._number_of(owner.workspace.pk, "one")
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [kept._SPACE, number])
        answer = program.ask("POST", "/contacts", ADA, Idempotency_Key="one")
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "in_progress", "1")
        other.rollback()
        assert program.ask("POST", "/contacts", ADA, Idempotency_Key="one").status_code == 201
    finally:
        other.close()
        assert not connection.in_atomic_block
