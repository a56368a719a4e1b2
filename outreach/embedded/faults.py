"""Everything that can keep the embedded servers from running, each said in one line."""

from __future__ import annotations

import re
from pathlib import Path

# How Python ends a traceback; PostgreSQL's hints where the error stood may follow.
_ERROR = re.compile(r"[\w.]*(Error|Exception|Fault)\b: ")


class Fault(RuntimeError):
    """Base of the room. The text is one line for the person at the terminal: what, why, what to do."""


class ServerMissing(Fault, FileNotFoundError):
    """No binary of a server was found."""


class NoAccess(Fault, PermissionError):
    """A folder may not be read, written or entered."""


class WrongVersion(Fault):
    """The data directory was made by another major version of PostgreSQL."""

    def __init__(self, home: Path, *, found: str, running: str) -> None:
        self.found, self.running = found, running
        super().__init__(
            f"The data in {home} was made by PostgreSQL {found}, but the server found here is {running}. "
            f"Dump it with PostgreSQL {found} and load it again, or move the folder away to start empty."
        )


class DiskFull(Fault):
    """Too little space is left to start safely."""


class PortTaken(Fault):
    """Another program listens on the port that was asked for."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Port {port} on {host} is taken by another program. "
            f"Stop that one, or choose another port: `make demo PORT={port + 1}` or `outreach up --port {port + 1}`."
        )


class AlreadyRunning(Fault):
    """Another supervisor holds the data directory."""

    def __init__(self, data_dir: Path, holder: str) -> None:
        super().__init__(
            f"Outreach is already running on {data_dir} (process {holder}). "
            "Stop it with Ctrl-C in its terminal, or choose another OUTREACH_DATA_DIR."
        )


class StartFailed(Fault):
    """A process ended, or did not answer in time, before it was ready."""

    def __init__(self, name: str, reason: str, last_lines: tuple[str, ...] = ()) -> None:
        self.name, self.last_lines = name, last_lines
        said = f" It said last: {_telling(last_lines)}" if last_lines else ""
        super().__init__(f"{name} did not start: {reason}.{said}")

    @property
    def port_was_taken(self) -> bool:
        """A free port can be lost to another program between choosing and listening."""
        signs = ("address already in use", "could not create any tcp/ip sockets")
        return any(sign in line.lower() for line in self.last_lines for sign in signs)


def _telling(lines: tuple[str, ...]) -> str:
    """Return the line that tells most of why a process ended: its last error, else its last words."""
    errors = [line for line in lines if _ERROR.match(line)]
    words = [line for line in lines if re.search(r"\w", line)]
    return (errors or words or [*lines])[-1]
