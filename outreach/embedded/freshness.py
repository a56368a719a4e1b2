"""Tell whether the database, migrations or static files have changed since they were last put in place."""

from __future__ import annotations

import contextlib
import hashlib
from importlib.metadata import distributions
from pathlib import Path

from outreach.env import ROOT

_ROOMS = ("outreach", "campaigns", "sending")
STAMP_FILE = "prepared"


def fingerprint(cluster: Path) -> str:
    """Return a digest of every migration, every static file's size and time, and every installed version.

    Also of which cluster it is: one that was made anew or put back from a backup has files of its own.
    """
    digest = hashlib.sha256()
    with contextlib.suppress(FileNotFoundError):
        found = (cluster / "PG_VERSION").stat()
        digest.update(f"{found.st_ino} {found.st_mtime_ns}\n".encode())
    for room in _ROOMS:
        for path in sorted((ROOT / room).glob("**/migrations/*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    for path in sorted(path for path in (ROOT / "static").rglob("*") if path.is_file()):
        found = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {found.st_size} {found.st_mtime_ns}\n".encode())
    for name in sorted(f"{found.name} {found.version}" for found in distributions()):
        digest.update(name.encode())
    return digest.hexdigest()


def is_prepared(data_dir: Path, now: str) -> bool:
    """Tell whether `now` is the fingerprint that the last preparation of data_dir left."""
    try:
        return (data_dir / STAMP_FILE).read_text() == now and (data_dir / "static").is_dir()
    except FileNotFoundError:
        return False
