"""A full disk under the sandbox: its log says "accepted" of exactly what it has acknowledged."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sending.sandbox.smtpd import Handler, Pace
from sending.sandbox.store import ACCEPTED, Acceptance, Store, accepted_in

ONE = Acceptance(1.0, "<1@x.test>", "me@acme.test", "anna@acme.test")


def deliver(handler: Handler) -> str:
    """Hand a message over as aiosmtpd does."""
    envelope: Any = SimpleNamespace(original_content=b"Message-ID: <1@x.test>\r\n\r\nHi\r\n", rcpt_tos=[ONE.recipient])
    session: Any = SimpleNamespace(auth_data=ONE.sender)
    server: Any = None
    return asyncio.run(handler.handle_DATA(server, session, envelope))


def test_what_is_written_down_as_accepted_is_acknowledged_though_no_copy_can_be_kept(
    tmp_path: Path, store: Store
) -> None:
    def keep_copy(_account: str, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert deliver(Handler(store, Pace(), keep_copy)).startswith("250 ")
    assert len(accepted_in(tmp_path)) == 1


def test_what_cannot_be_written_down_whole_leaves_no_trace(tmp_path: Path, store: Store) -> None:
    store.accepted([ONE])
    size = (tmp_path / ACCEPTED).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            deliver(Handler(store, Pace(), lambda _account, _content: None))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / ACCEPTED).stat().st_size == size
    store.accepted([ONE])
    assert len(accepted_in(tmp_path)) == 2


def test_what_was_not_synced_leaves_no_trace(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        store.accepted([ONE])
    assert accepted_in(tmp_path) == []
