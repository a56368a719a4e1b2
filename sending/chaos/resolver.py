"""A program whose resolver fails by the name that it is asked for: `python -m sending.chaos.resolver MODULE ...`.

What libc says in each case is what it says here. Name servers that are silent take it ten seconds, two tries of five,
where resolv.conf has no options, and two seconds where it says "timeout:1".
"""

from __future__ import annotations

import runpy
import socket
import sys
import time
from dataclasses import replace
from typing import Any

from outreach.embedded.process import Service

UNKNOWN, BROKEN = "nxdomain.chaos.invalid", "servfail.chaos.invalid"
SILENT, BRIEFLY_SILENT = "timeout.chaos.invalid", "timeout1.chaos.invalid"
GOOD = "localhost"
_SILENCES_S = {SILENT: 10.0, BRIEFLY_SILENT: 2.0}
_LATER = (socket.EAI_AGAIN, "Temporary failure in name resolution")
_ERRORS = {
    UNKNOWN: (socket.EAI_NONAME, "Name or service not known"),
    BROKEN: _LATER,
    SILENT: _LATER,
    BRIEFLY_SILENT: _LATER,
}
_ask = socket.getaddrinfo


def behind(service: Service) -> Service:
    """Return the service (python -u -m MODULE ...) behind this resolver."""
    python, unbuffered, is_module, *words = service.argv
    return replace(service, argv=(python, unbuffered, is_module, __name__, *words))


def getaddrinfo(host: Any, *words: Any, **more: Any) -> Any:
    """Answer as libc does for a name that is unknown, for servers that fail, and for servers that are silent."""
    time.sleep(_SILENCES_S.get(host, 0))
    if host in _ERRORS:
        raise socket.gaierror(*_ERRORS[host])
    return _ask(host, *words, **more)


def main() -> None:
    """Become the module that is named, behind the resolver."""
    socket.getaddrinfo = getaddrinfo
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
