"""What the sandbox remembers over a restart: reactions to come, greylisted pairs, accepted messages."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS reaction (
    id INTEGER PRIMARY KEY, due REAL, account TEXT, content BLOB, done INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS reaction_due ON reaction (due) WHERE done = 0;
CREATE TABLE IF NOT EXISTS greylist (sender TEXT, recipient TEXT, since REAL, PRIMARY KEY (sender, recipient));
CREATE TABLE IF NOT EXISTS reacted (recipient TEXT PRIMARY KEY);
"""


class Store:
    """A small database and a log in the sandbox's folder."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "world.sqlite3", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        self._log = (folder / "accepted.log").open("ab")

    def accepted(self, *, message_id: str, sender: str, recipient: str) -> None:
        """Write down an accepted message, durably, before it is acknowledged: the oracle of every crash test."""
        row = {"at": time.time(), "message_id": message_id, "sender": sender, "recipient": recipient}
        self._log.write(json.dumps(row).encode() + b"\n")
        self._log.flush()
        os.fsync(self._log.fileno())

    def plan(self, *, due: float, account: str, content: bytes) -> None:
        """Keep a mail that is to be delivered to an account at an instant (Unix time)."""
        self._db.execute("INSERT INTO reaction (due, account, content) VALUES (?, ?, ?)", (due, account, content))

    def take_due(self, now: float) -> list[tuple[str, bytes]]:
        """Return the mails whose time has come, each once, also over a restart."""
        rows = self._db.execute(
            "UPDATE reaction SET done = 1 WHERE id IN (SELECT id FROM reaction WHERE done = 0 AND due <= ? LIMIT 100)"
            " RETURNING account, content",
            (now,),
        ).fetchall()
        return [(str(account), bytes(content)) for account, content in rows]

    def first_reaction(self, recipient: str) -> bool:
        """Say whether this recipient reacts for the first time: people do not answer each follow-up again."""
        cursor = self._db.execute("INSERT OR IGNORE INTO reacted (recipient) VALUES (?)", (recipient.lower(),))
        return cursor.rowcount == 1

    def greylisted_for(self, sender: str, recipient: str, now: float) -> float:
        """Return for how many seconds this pair has been known; 0 at the first try."""
        self._db.execute("INSERT OR IGNORE INTO greylist VALUES (?, ?, ?)", (sender, recipient, now))
        row = self._db.execute(
            "SELECT since FROM greylist WHERE sender = ? AND recipient = ?", (sender, recipient)
        ).fetchone()
        return now - float(row[0])

    def close(self) -> None:
        self._log.close()
        self._db.close()
