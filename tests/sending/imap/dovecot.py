"""A Dovecot of one's own: in a temporary folder, on free ports, never as root, ended with the block."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from outreach.kit.lifeline import end_with_parent
from sending.chaos.certificates import authority, leaf
from tests.needs import required

# Not 127.0.0.1: Dovecot takes a connection between equal addresses for a safe one, and would then let passwords pass
# in clear text.
HOST = "127.0.0.2"
_POP3 = Path("/usr/lib/dovecot/pop3")
_PORTS = ("imap_port", "imaps_port", "pop3_port", "pop3s_port")
TOKEN = "a-good-token"
_START_S = 20

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = {host}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_max_userip_connections = {connections}
mail_location = maildir:~/mail:LAYOUT=fs
mail_fsync = never
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {folder}/users
}}
# A token is good when it is this one, whoever brings it.
passdb {{
  driver = static
  mechanisms = xoauth2
  args = password={token}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = {pop3s_port}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """How to reach it: imap_port and pop3_port speak STARTTLS, imaps_port and pop3s_port TLS."""

    imap_port: int
    imaps_port: int
    pop3_port: int
    pop3s_port: int
    accounts: Mapping[str, str]
    host: str = HOST
    ca_pem: str = field(default_factory=lambda: authority().pem, repr=False)
    config: Path = field(default=Path(), repr=False)

    def expunge(self, address: str, *query: str) -> None:
        """Remove mails of an account as its administrator does, with doveadm: no client tells of it."""
        subprocess.run(  # Debian's, with a configuration of ours
            ["/usr/bin/doveadm", "-c", str(self.config), "expunge", "-u", address, *query],
            check=True, capture_output=True, timeout=20,
        )  # fmt: skip


@contextmanager
def running(accounts: Mapping[str, str], *, connections: int = 20) -> Iterator[Dovecot]:
    """Run a Dovecot with these accounts (address -> password) while the block lasts; each bears so many connections."""
    program = required("dovecot")
    found = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not found.startswith("2.3."):
        pytest.skip(f"these tests know how to configure Dovecot 2.3, this is {found.split()[0]}")
    if not _POP3.exists():
        pytest.skip("needs Debian's package dovecot-pop3d")
    # Short, as the names of its sockets must be, and open to the account that it runs as.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        ports = _free_ports(len(_PORTS))
        _furnish(folder, accounts, ports, connections)
        process = _start(program, folder)
        try:
            _wait_until_ready(process, ports, folder)
            imap, imaps, pop3, pop3s = ports
            yield Dovecot(imap, imaps, pop3, pop3s, accounts, config=folder / "dovecot.conf")
        finally:
            _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(folder: Path, accounts: Mapping[str, str], ports: list[int], connections: int) -> None:
    pair = leaf(HOST)
    secret = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    user = pwd.getpwuid(_account())
    names = {"folder": folder, "host": HOST, "user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name}
    files = {
        "cert.pem": pair.pem,
        "key.pem": secret.decode(),
        "users": "".join(f"{name}:{password}::::::\n" for name, password in accounts.items()),
        "dovecot.conf": _CONFIG.format(
            **names,
            token=TOKEN,
            connections=connections,
            **dict(zip(("imap_port", "imaps_port", "pop3_port", "pop3s_port"), ports, strict=True)),
        ),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)


def _account() -> int:
    """Return the user that Dovecot runs as: ourselves, or nobody when we are root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def _start(program: str, folder: Path) -> subprocess.Popen[bytes]:
    user = pwd.getpwuid(_account())
    is_root = os.geteuid() == 0
    return subprocess.Popen(
        [program, "-F", "-c", str(folder / "dovecot.conf")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
        user=user.pw_uid if is_root else None,
        group=user.pw_gid if is_root else None,
        extra_groups=[] if is_root else None,
        preexec_fn=lambda: end_with_parent(signal.SIGTERM),  # noqa: PLW1509  # a killed test run leaves no server
    )


def _wait_until_ready(process: subprocess.Popen[bytes], ports: list[int], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            for port in ports:
                socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    log = folder / "log"
    raise AssertionError(f"Dovecot did not start: {log.read_text() if log.exists() else 'it said nothing'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the master to end; it takes its children with it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
