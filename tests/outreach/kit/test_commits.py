"""What follows a commit may fail: it is told by its name, and everything else goes on."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from outreach.kit.commits import after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def _wake_the_mailbox(number: int, *, why: str) -> None:
    raise RuntimeError(f"nobody at {number}: {why}")


def test_work_that_fails_is_logged_by_its_name_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR), transaction.atomic():
        after_commit(_wake_the_mailbox, 7, why="asleep")
        after_commit(done.append, "the one behind it")
        assert done == []
    assert done == ["the one behind it"]
    (said,) = caplog.records
    assert "_wake_the_mailbox" in said.getMessage()
    assert "nobody at 7: asleep" in said.getMessage()
    assert said.exc_info is not None


def test_without_a_transaction_it_is_done_at_once_and_fails_as_quietly(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR):
        after_commit(_wake_the_mailbox, 7, why="asleep")
        after_commit(done.append, "at once")
    assert done == ["at once"]
    assert "_wake_the_mailbox" in caplog.text


def test_nothing_is_done_when_the_transaction_is_rolled_back() -> None:
    done: list[str] = []
    with transaction.atomic():
        after_commit(done.append, "never")
        transaction.set_rollback(True)
    assert done == []
