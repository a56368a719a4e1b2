"""Stacks of one machine: each has a folder of its own, and the settings of this process point to one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from sending.guard.clause import MAY_SEND, params

_READERS = ("sending.guard.notes", "sending.outbox.scribe", "sending.outbox.sweeper", "sending.outbox.tasks")


@dataclass(frozen=True)
class Folders:
    """The one setting that the readers ask for."""

    journal_dir: Path | None


def be_stack_of(folder: Path | None, patch: pytest.MonkeyPatch) -> None:
    """Be a process of the stack with this folder from now on."""
    for reader in _READERS:
        patch.setattr(f"{reader}.env", lambda: Folders(folder))
    patch.setattr("sending.guard.notes._cached", None)


def may_send() -> bool:
    """Ask what the statements that let something be sent ask, alone."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MAY_SEND}", params())
        return bool(cursor.fetchone()[0])


def back_up() -> str:
    """Copy the test's database as it is now; return the name of the copy."""
    name = f"{connection.settings_dict['NAME']}_backup"
    _copy(str(connection.settings_dict["NAME"]), name)
    return name


def put_back(backup: str) -> None:
    """Replace the test's database by the copy, which goes."""
    _copy(backup, str(connection.settings_dict["NAME"]))
    _run("DROP DATABASE {}", backup)


def _copy(source: str, target: str) -> None:
    connection.close()
    _run("DROP DATABASE IF EXISTS {} WITH (FORCE)", target)
    _end_sessions(source)
    _run("CREATE DATABASE {} TEMPLATE {}", target, source)


def _end_sessions(name: str) -> None:
    """End what threads of earlier tests have left behind: a database that somebody uses is no template."""
    with _server() as session:
        session.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])


def _run(statement: str, *names: str) -> None:
    with _server() as session:
        session.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _server() -> psycopg.Connection:
    to = connection.settings_dict
    return psycopg.connect(
        host=to["HOST"], port=to["PORT"], user=to["USER"], password=to["PASSWORD"], dbname="postgres", autocommit=True
    )
