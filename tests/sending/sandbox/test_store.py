"""What the sandbox writes down, when, and what is left of it after a kill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sending.sandbox.store import ACCEPTED, Acceptance, Store, accepted_in


def acceptance(number: int) -> Acceptance:
    return Acceptance(100.5 + number, f"<{number}@x.test>", "me@acme.test", f"r{number}@acme.test")


def test_accepted_messages_are_on_the_disk_when_the_call_returns(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []

    def fsync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").read_bytes())

    monkeypatch.setattr(os, "fsync", fsync)
    store.accepted([acceptance(1), acceptance(2)])
    assert synced == [(tmp_path / ACCEPTED).read_bytes()], "one fsync, after all that was written"
    assert accepted_in(tmp_path) == [
        {"at": 101.5, "message_id": "<1@x.test>", "sender": "me@acme.test", "recipient": "r1@acme.test"},
        {"at": 102.5, "message_id": "<2@x.test>", "sender": "me@acme.test", "recipient": "r2@acme.test"},
    ]


def test_the_half_line_of_a_killed_run_is_neither_read_nor_continued(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.accepted([acceptance(1)])
    first.close()
    with (tmp_path / ACCEPTED).open("ab") as log:
        log.write(b'{"at": 1.0, "messa')
    assert len(accepted_in(tmp_path)) == 1
    second = Store(tmp_path)
    second.accepted([acceptance(2)])
    second.close()
    assert [row["message_id"] for row in accepted_in(tmp_path)] == ["<1@x.test>", "<2@x.test>"]


def test_nothing_was_accepted_where_there_is_no_log(tmp_path: Path) -> None:
    assert accepted_in(tmp_path) == []


def test_mails_are_taken_in_order_when_due_and_once_also_over_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.plan(due=30, account="me@acme.test", content=b"later", once=None)
    store.plan(due=10, account="me@acme.test", content=b"first", once=None)
    store.plan(due=20, account="you@acme.test", content=b"\x00\xff", once=None)
    assert store.take_due(9.9) is None
    assert store.take_due(25) == ("me@acme.test", b"first")
    store.close()
    again = Store(tmp_path)
    assert again.take_due(25) == ("you@acme.test", b"\x00\xff")
    assert again.take_due(25) is None
    assert again.take_due(30) == ("me@acme.test", b"later")
    assert again.take_due(1e12) is None
    again.close()


def test_the_same_mark_is_planned_once_even_after_its_mail_is_gone(store: Store) -> None:
    for content in (b"one", b"two"):
        store.plan(due=1, account="me@acme.test", content=content, once="me anna")
    assert store.take_due(2) == ("me@acme.test", b"one")
    store.plan(due=1, account="me@acme.test", content=b"three", once="me anna")
    assert store.take_due(2) is None
    store.plan(due=1, account="you@acme.test", content=b"four", once="you anna")
    assert store.take_due(2) == ("you@acme.test", b"four")


def test_a_greylisted_pair_is_known_from_its_first_try_on(store: Store) -> None:
    assert store.greylisted_for("me@acme.test", "anna@x.test", 100.0) == 0
    assert store.greylisted_for("ME@acme.test", "Anna@x.test", 160.0) == 60
    assert store.greylisted_for("you@acme.test", "anna@x.test", 160.0) == 0
