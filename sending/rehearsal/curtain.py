"""Behind the curtain nothing real can be reached: sessions are born without the real tables, sockets are refused.

Every session that is opened behind it, also one that is opened anew after a fault, sees temporary tables and nothing
else, and may write nothing else: PostgreSQL itself refuses both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from sending.links.addresses import lead_nowhere, leading_nowhere
from sending.rehearsal.errors import Forbidden

# The functions of the schema stand before PostgreSQL's own: its clock is the virtual one, its advisory locks are none.
SCHEMA = "rehearsal"
_BORN_WITH = (
    f"-c search_path=pg_temp,{SCHEMA},pg_catalog",
    "-c default_transaction_read_only=on",
    "-c temp_buffers=8192",  # blocks: 64 MB
    # The same statements thousands of times: each is planned once, while the tables are empty that fill later. So
    # nothing that is seen then says that reading a whole table is cheap.
    "-c jit=off",
    "-c plan_cache_mode=force_generic_plan",
    "-c enable_seqscan=off",
)
_REFUSED = frozenset(
    f"socket.{name}" for name in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname")
)


def harmless(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a database so that its sessions see and write temporary tables alone."""
    options = {name: value for name, value in settings["OPTIONS"].items() if name != "pool"}
    options["options"] = " ".join((str(options.get("options", "")), *_BORN_WITH)).strip()
    options["server_side_binding"] = True
    return {**settings, "OPTIONS": options, "CONN_MAX_AGE": None}


@contextmanager
def curtain() -> Iterator[None]:
    """Let this thread's database be a harmless session of its own while the block lasts; the session ends with it."""
    before = connections[DEFAULT_DB_ALIAS]
    behind = DatabaseWrapper(harmless(before.settings_dict), DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = behind
    try:
        with leading_nowhere():
            yield
    finally:
        behind.close()
        connections[DEFAULT_DB_ALIAS] = before


def shut_for_good(database: str) -> None:
    """Put the whole process behind the curtain, with sessions of this database: it never opens a socket any more.

    The database's own library does not go through Python's sockets. There is no way back but the end of the process.
    """
    connections.close_all()
    lead_nowhere()
    settings = harmless(connections.settings[DEFAULT_DB_ALIAS])
    connections.settings[DEFAULT_DB_ALIAS] = {**settings, "NAME": database}
    del connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS].ensure_connection()
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _REFUSED:
        raise Forbidden(f"a rehearsal opens no connection ({event})")
