"""An undo beside a merge, or beside another undo: each sees what the other has done, or comes after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from campaigns.contacts import services
from campaigns.contacts.models import Contact
from campaigns.contacts.states import ImportState
from tests.builders import make_contact, make_member, make_workspace
from tests.campaigns.contacts.test_undo import imported, undone
from tests.locks import somebody_waits_for_a_gate
from tests.sending.outbox.plain import Beside

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20


@contextmanager
def in_the_midst(behind: str, call: Callable[[], Any]) -> Iterator[list[Beside[Any]]]:
    """Let a call run beside as soon as this session has run a statement; goes on when it has ended, or waits for us."""
    begun: list[Beside[Any]] = []

    def watch(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        answer = execute(sql, values, many, context)
        if not begun and behind in sql:
            begun.append(Beside(call))
            deadline = time.monotonic() + PATIENCE_S
            while begun[0].is_running and not somebody_waits_for_a_gate():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        return answer

    with connection.execute_wrapper(watch):
        yield begun
    begun[0].result()


def test_nobody_is_removed_who_stands_in_a_file_that_is_merged_at_this_moment() -> None:
    member = make_member(make_workspace())
    first = imported(member.workspace, "email,title\nada@x.com,CEO\nbob@x.com,CFO\n")
    with in_the_midst("INSERT INTO pg_temp.contacts_known", lambda: undone(member, first)):
        second = imported(member.workspace, "email,title\nada@x.com,CEO\n")
    first.refresh_from_db()
    assert (second.rows_unchanged, first.state) == (1, ImportState.UNDONE)
    assert list(Contact.objects.values_list("email", flat=True)) == ["ada@x.com"]
    assert first.undo["kept"] == {"in_later_file": 1}


def test_two_undos_at_once_leave_what_was_before_both() -> None:
    member = make_member(make_workspace())
    ada = make_contact(member.workspace, "ada@x.com", title="CTO")
    first = imported(member.workspace, "email,title\nada@x.com,CEO\n")
    second = imported(member.workspace, "email,title\nada@x.com,CFO\n")
    with in_the_midst('FROM "contacts_import_change"', lambda: undone(member, first)):
        services.undo_import(second, by=member.user, hint=False)
    ada.refresh_from_db()
    assert ada.title == "CTO"
