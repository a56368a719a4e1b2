"""Have a workbook or an archive unpacked by a process that may use little memory and knows nothing."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from campaigns.contacts.core.unpack import Record, read_records, write_record
from campaigns.contacts.errors import BadFile
from campaigns.contacts.services.chunks import refuse_large
from outreach.kit import session_lock

_PROGRAM = "campaigns.contacts.core.unpack"
# Our own number among PostgreSQL's advisory locks: one unpacking at a time, whatever the number of web threads.
_LOCK = (0x6A83, 0)
_LOCK_WAIT_MS = 20_000
_BUSY = "Another workbook is being read at this moment. Try again in a minute."
_TOO_MUCH = (
    "The workbook is too large to be read here: it would take more memory or time than is allowed. "
    "Delete the sheets and columns that are not needed, or save the sheet as “CSV UTF-8”, then import that file."
)
logger = logging.getLogger(__name__)


def unpack(file: IO[bytes], told: IO[bytes]) -> None:
    """Write down what the unpacking program says about the file. No transaction should be open.

    Raises BadFile: for what the program says is wrong, for a program that a limit ended, for more than can be stored,
    and when another unpacking keeps this one waiting too long.
    """
    with _turn():
        path = f"/dev/fd/{file.fileno()}"
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
        if temporary := os.environ.get("TMPDIR"):
            environment["TMPDIR"] = temporary
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", _PROGRAM, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=[file.fileno()],
        )
        try:
            _write_down(process, told)
        finally:
            process.kill()
            process.communicate()


def _write_down(process: subprocess.Popen[bytes], told: IO[bytes]) -> None:
    assert process.stdout is not None
    size_bytes = 0
    try:
        for record, content in read_records(process.stdout):
            if record == Record.PROBLEM:
                raise BadFile(content.decode())
            size_bytes += len(content)
            refuse_large(size_bytes)
            write_record(told, record, content)
    except EOFError as error:
        logger.warning("import.unpacking_ended", extra={"exit_code": process.wait()})
        raise BadFile(_TOO_MUCH) from error


@contextmanager
def _turn() -> Iterator[None]:
    """Hold the lock meanwhile, so that the memory of one program is all that uploads can cost. Raises BadFile."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_LOCK_WAIT_MS:d}")
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", _LOCK)
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise BadFile(_BUSY) from error
    try:
        yield
    finally:
        session_lock.release(*_LOCK)
