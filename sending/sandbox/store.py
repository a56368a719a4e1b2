"""What the sandbox remembers over a restart: mails to come, greylisted pairs, accepted messages."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCEPTED = "accepted.log"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY, due REAL NOT NULL, account TEXT NOT NULL, content BLOB NOT NULL,
    once TEXT UNIQUE, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS letter_due ON letter (due) WHERE done = 0;
CREATE TABLE IF NOT EXISTS greylist (
    sender TEXT NOT NULL, recipient TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (sender, recipient));
"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A message that the sandbox took, for one of its recipients. at: Unix time in seconds."""

    at: float
    message_id: str
    sender: str
    recipient: str


class Store:
    """A small database and a log in the sandbox's folder."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "world.sqlite3", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        self._log = _opened_log(folder / ACCEPTED)

    def accepted(self, messages: Sequence[Acceptance]) -> None:
        """Write accepted messages down, durably, before they are acknowledged: the oracle of every crash test.

        All or none of them: after an OSError (a full disk) the log is as it was.
        """
        rows = [
            {"at": one.at, "message_id": one.message_id, "sender": one.sender, "recipient": one.recipient}
            for one in messages
        ]
        before = os.fstat(self._log).st_size
        try:
            _write_all(self._log, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
            os.fsync(self._log)
        except OSError:
            os.ftruncate(self._log, before)
            raise

    def plan(self, *, due: float, account: str, content: bytes, once: str | None) -> None:
        """Keep a mail that is to be delivered to an account at an instant (Unix time).

        once: a mail with the same mark is planned only the first time, also over a restart. None: always.
        """
        self._db.execute(
            "INSERT INTO letter (due, account, content, once) VALUES (?, ?, ?, ?) ON CONFLICT (once) DO NOTHING",
            (due, account, content, once),
        )

    def take_due(self, now: float) -> tuple[str, bytes] | None:
        """Return the next mail whose time has come, as (account, content); each at most once, also over a restart."""
        row = self._db.execute(
            "UPDATE letter SET done = 1 WHERE id ="
            " (SELECT id FROM letter WHERE done = 0 AND due <= ? ORDER BY due, id LIMIT 1)"
            " RETURNING account, content",
            (now,),
        ).fetchall()
        return (str(row[0][0]), bytes(row[0][1])) if row else None

    def greylisted_for(self, sender: str, recipient: str, now: float) -> float:
        """Return for how many seconds this pair has been known; 0 at the first try."""
        pair = (sender.lower(), recipient.lower())
        self._db.execute("INSERT OR IGNORE INTO greylist VALUES (?, ?, ?)", (*pair, now))
        row = self._db.execute("SELECT since FROM greylist WHERE sender = ? AND recipient = ?", pair).fetchone()
        return now - float(row[0])

    def close(self) -> None:
        os.close(self._log)
        self._db.close()


def accepted_in(folder: Path) -> list[dict[str, Any]]:
    """Return what the sandbox has accepted, in order. A line that is still being written is left out."""
    path = folder / ACCEPTED
    content = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def _opened_log(path: Path) -> int:
    """Open the log for appending, without the half line of a killed run: that message was never acknowledged."""
    log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.ftruncate(log, path.read_bytes().rfind(b"\n") + 1)
    return log


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
