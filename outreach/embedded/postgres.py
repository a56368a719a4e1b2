"""The embedded PostgreSQL: one cluster in one folder, reached over loopback with SCRAM.

As root the server runs under another account (see account.py), which often may not enter the folders above
its data: a clone under /root, a data directory of mode 0700. The data folder is therefore handed over as an
open file descriptor, and the server reaches it as /proc/self/fd/N; no folder's rights are loosened.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from outreach.embedded.account import Account, account_for
from outreach.embedded.binaries import PostgresPrograms, find_postgres
from outreach.embedded.faults import NoAccess, StartFailed, WrongVersion
from outreach.embedded.ports import LOOPBACK, answers
from outreach.embedded.process import Service

FOLDER = "postgres"
ROLE = DATABASE = "outreach"
_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"
# The first message of a session (protocol 3.0, StartupMessage). A server that lets us in asks for the password with
# an "R" message; one that still starts or recovers answers "E" (57P03), though it takes connections already.
_SESSION = b"\x00\x03\x00\x00user\x00" + ROLE.encode() + b"\x00database\x00" + DATABASE.encode() + b"\x00\x00"
_STARTUP = (len(_SESSION) + 4).to_bytes(4) + _SESSION
_MINIMAL_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# "The database system is starting up" answers every probe of a start after a kill.
_WORTH_SAYING = re.compile(r"\b(FATAL|PANIC):(?! +the database system)|No space left on device|terminated by signal")
_FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder, the programs that serve it, and the account that they run as (None: ours)."""

    home: Path
    programs: PostgresPrograms
    account: Account | None


def open_cluster(home: Path, *, password: str, durable: bool = True) -> Cluster:
    """Return the cluster in home, made first when there is none; clear what a killed server left behind.

    home is renamed into place only when complete, so a start that was interrupted leaves no half cluster.
    Raises ServerMissing, WrongVersion, NoAccess, StartFailed.
    """
    account = account_for(home)
    cluster = Cluster(home, find_postgres(account), account)
    version_file = home / "PG_VERSION"
    if not version_file.exists():
        _create(cluster, password, durable=durable)
    elif (found := version_file.read_text().strip()) != cluster.programs.major:
        raise WrongVersion(home, found=found, running=cluster.programs.version)
    _end_orphan(home)
    return cluster


def postgres_service(cluster: Cluster, *, port: int, durable: bool = True) -> Service:
    """Return the service; durable=False trades crash safety for speed (throw-away clusters only)."""
    settings = [
        f"listen_addresses={LOOPBACK}", f"port={port}", "unix_socket_directories=", "max_connections=200",
        "shared_buffers=128MB", "log_min_messages=warning", "log_checkpoints=off", "timezone=UTC",
    ]  # fmt: skip
    if not durable:
        settings += _FAST_AND_FORGETFUL
    fd = _open_folder(cluster.home) if cluster.account else None
    folder = str(cluster.home) if fd is None else f"/proc/self/fd/{fd}"
    flags = [word for setting in settings for word in ("-c", setting)]
    return Service(
        name="postgres",
        argv=(str(cluster.programs.folder / "postgres"), "-D", folder, *flags),
        ready=answers(port, send=_STARTUP, expect=re.compile(b"^R")),
        env=_MINIMAL_ENV,
        stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint
        death_signal=signal.SIGINT,
        grace_s=30,
        account=cluster.account,
        fds=() if fd is None else (fd,),
        folder=Path("/"),
        worth_saying=_WORTH_SAYING,
    )


def postgres_url(port: int, password: str) -> str:
    """Return the libpq URL of the program's database."""
    return f"postgresql://{ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def _create(cluster: Cluster, password: str, *, durable: bool) -> None:
    home = cluster.home
    if home.exists() and any(home.iterdir()):
        raise NoAccess(f"{home} holds files but no PostgreSQL data: move it away, or choose another data directory")
    fresh = home.with_name(home.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if cluster.account:
        os.chown(fresh, cluster.account.uid, cluster.account.gid)
    haste = () if durable else ("--no-sync",)
    words = (
        "-D",
        "{folder}",
        "-U",
        ROLE,
        "-E",
        "UTF8",
        *_locale(cluster.programs),
        *haste,
        "--no-instructions",
    )
    _run(cluster, fresh, ("initdb", *words))
    (fresh / "pg_hba.conf").write_text(_HBA)
    statements = f"ALTER ROLE {ROLE} PASSWORD '{password}';\nCREATE DATABASE {DATABASE};\n"
    _run(cluster, fresh, ("postgres", "--single", "-D", "{folder}", "postgres"), stdin=statements)
    if home.exists():
        home.rmdir()
    fresh.rename(home)


def _locale(programs: PostgresPrograms) -> tuple[str, ...]:
    """Return one sort order for every machine: the builtin provider needs neither ICU nor locales."""
    if int(programs.major) < 17:  # a server of the distribution
        return ("--locale=C.UTF-8",)
    return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def _run(cluster: Cluster, folder: Path, words: tuple[str, ...], stdin: str = "") -> None:
    """Run a program of PostgreSQL (words[0]) to its end, where "{folder}" stands for the data folder."""
    account = cluster.account
    with _lent(folder, account) as (path, fds):
        rest = [path if word == "{folder}" else word for word in words[1:]]
        done = subprocess.run(
            [cluster.programs.folder / words[0], *rest],
            input=stdin, capture_output=True, text=True, check=False, timeout=120, umask=0o077,
            env=_MINIMAL_ENV, cwd="/", pass_fds=fds, user=account.uid if account else None,
            group=account.gid if account else None, extra_groups=[] if account else None,
        )  # fmt: skip
    lines = tuple((done.stdout + done.stderr).strip().splitlines())
    if done.returncode or any(re.search(r"\b(ERROR|FATAL|PANIC):", line) for line in lines):
        raise StartFailed("postgres", f"{words[0]} ended with status {done.returncode}", lines)


@contextlib.contextmanager
def _lent(folder: Path, account: Account | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give a path under which another account reaches folder, and the descriptor that it needs for this."""
    if account is None:
        yield str(folder), ()
        return
    fd = _open_folder(folder)
    try:
        yield f"/proc/self/fd/{fd}", (fd,)
    finally:
        os.close(fd)


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _end_orphan(home: Path) -> None:
    """Stop a server that outlived its supervisor, and remove a pid file that names no server.

    PostgreSQL itself believes any living process with that number to be the old server.
    """
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    deadline = time.monotonic() + 20
    while _serves(pid, home):
        if time.monotonic() > deadline:
            raise StartFailed("postgres", f"an older server (process {pid}) still holds {home} and does not stop")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.2)
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, home: Path) -> bool:
    """Tell whether process pid serves this cluster: a server works in its data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == home.resolve()
    except OSError:
        return False
