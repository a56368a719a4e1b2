"""A file that takes long to come in, sent with an Idempotency-Key: once, also beside another and after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import IO, Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from campaigns.contacts.models import ContactImport
from campaigns.contacts.services import unpacking
from outreach.accounts.models import KeptAnswer
from tests.builders import make_member, make_workspace
from tests.campaigns.contacts.workbooks import Sheet, workbook
from tests.programs import Program, program_of

pytestmark = pytest.mark.django_db(transaction=True)
_LONG_S = 20


class Unpacking:
    """The unpacking of a workbook, held up in its middle."""

    def __init__(self, unpack: Callable[[IO[bytes], IO[bytes]], None]) -> None:
        self.unpack = unpack
        self.begun, self.goes_on = Event(), Event()
        self.is_in_transaction: bool | None = None
        self.backend = 0
        self.times = 0

    def __call__(self, file: IO[bytes], told: IO[bytes]) -> None:
        self.times += 1
        self.is_in_transaction = connection.in_atomic_block
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (self.backend,) = cursor.fetchone()
        self.begun.set()
        assert self.goes_on.wait(_LONG_S)
        self.unpack(file, told)


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> Unpacking:
    held = Unpacking(unpacking.unpack)
    monkeypatch.setattr(unpacking, "unpack", held)
    return held


@pytest.fixture
def program() -> Program:
    cache.clear()
    return program_of(make_member(make_workspace()))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def send(program: Program) -> Any:
    program.client.raise_request_exception = False
    file = SimpleUploadedFile("leads.xlsx", workbook(Sheet("People", [("email",), ("ada@example.com",)])))
    return program.send("/imports", {"file": file, "start": "false"}, Idempotency_Key="one")


def send_beside(program: Program) -> Any:
    try:
        return send(program)
    finally:
        connection.close()


def test_two_at_once_are_one_upload_and_no_transaction_waits_for_it(
    program: Program, held_up: Unpacking, pool: ThreadPoolExecutor
) -> None:
    beside = pool.submit(send_beside, program)
    try:
        assert held_up.begun.wait(_LONG_S)
        second = send(program)
    finally:
        held_up.goes_on.set()
    first = beside.result(_LONG_S)
    assert (first.status_code, second.status_code, second.json()["code"]) == (202, 409, "in_progress")
    assert held_up.is_in_transaction is False
    again = send(program)
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (202, first.content, "true")
    assert held_up.times == ContactImport.objects.count() == KeptAnswer.objects.count() == 1


def test_what_was_killed_in_the_middle_is_done_by_whoever_sends_it_again(
    program: Program, held_up: Unpacking, pool: ThreadPoolExecutor
) -> None:
    beside = pool.submit(send_beside, program)
    try:
        assert held_up.begun.wait(_LONG_S)
        with connection.cursor() as cursor:  # what PostgreSQL sees of a web process that is killed
            cursor.execute("SELECT pg_terminate_backend(%s, %s)", [held_up.backend, _LONG_S * 1000])
    finally:
        held_up.goes_on.set()
    assert beside.result(_LONG_S).status_code >= 500
    assert not ContactImport.objects.exists()
    answer = send(program)
    assert (answer.status_code, "Idempotent-Replayed" in answer) == (202, False)
    assert send(program)["Idempotent-Replayed"] == "true"
    assert held_up.times == 2
    assert ContactImport.objects.count() == KeptAnswer.objects.count() == 1
