"""The embedded Valkey: broker and cache. It keeps nothing on disk, because everything in it may be lost."""

from __future__ import annotations

import re
from pathlib import Path

from outreach.embedded.binaries import find_valkey
from outreach.embedded.ports import LOOPBACK, answers
from outreach.embedded.process import Service

_WORTH_SAYING = re.compile(r"fatal|error|out of memory|could not", re.IGNORECASE)


def valkey_service(conf: Path, *, port: int, password: str) -> Service:
    """Write conf (mode 0600: the password stays off the command line) and return the service.

    Raises ServerMissing.
    """
    program = find_valkey()
    conf.unlink(missing_ok=True)
    conf.touch(mode=0o600)
    conf.write_text(
        f"bind {LOOPBACK}\nport {port}\nrequirepass {password}\n"
        'save ""\nappendonly no\nmaxmemory-policy noeviction\ndatabases 64\ndaemonize no\nloglevel warning\n'
    )
    return Service(
        name="valkey",
        argv=(str(program), str(conf)),
        ready=answers(port, send=f"AUTH {password}\r\nPING\r\n".encode(), expect=re.compile(rb"\+PONG\r\n")),
        ready_s=20,
        env={"LC_ALL": "C"},
        worth_saying=_WORTH_SAYING,
    )


def valkey_url(port: int, password: str) -> str:
    """Return the URL for Celery, redis-py and Django's cache."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"
