"""A Postfix of one's own: in a temporary folder, on a free port, delivering into folders, ended with the block.

Its master wants to be root: where we are not, it is root of a user namespace (Debian's package uidmap).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from outreach.embedded.ports import free_port
from outreach.kit.lifeline import end_with_parent
from sending.chaos.certificates import authority, leaf
from tests.needs import required

HOST = "127.0.0.1"
DOMAIN = "mail.test"
SIZE_LIMIT = 50_000
_START_S = 30

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = {folder}/conf
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = {host}
inet_protocols = ipv4
myhostname = mx.test
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {maps} }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
message_size_limit = {size_limit}
virtual_mailbox_limit = 0
smtpd_tls_cert_file = {folder}/conf/cert.pem
smtpd_tls_key_file = {folder}/conf/key.pem
smtpd_tls_security_level = encrypt
smtpd_relay_restrictions = reject_unauth_destination
smtputf8_enable = yes
"""
_MASTER = """
{host}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public"
_PREPARE = """
set -e
cd {folder}
mkdir -p queue/pid data mail
chown 65534:65534 mail
for each in {queues}; do mkdir -p queue/$each; chown postfix queue/$each; done
chown postfix data
chgrp postdrop queue/maildrop queue/public
chmod 730 queue/maildrop; chmod 710 queue/public
exec /usr/lib/postfix/sbin/master -c {folder}/conf -d
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running server; what it has taken lies in folders."""

    port: int
    ca_pem: str
    folder: Path

    def taken(self, user: str, count: int) -> list[bytes]:
        """Wait until a user has so many mails, and return them as they were delivered, oldest first."""
        inbox = self.folder / "mail" / user / "new"
        deadline = time.monotonic() + _START_S
        while True:
            found = sorted(inbox.iterdir(), key=lambda path: path.stat().st_mtime_ns) if inbox.exists() else []
            if len(found) >= count:
                return [path.read_bytes() for path in found]
            assert time.monotonic() < deadline, f"{len(found)} of {count} mails: {self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


@contextmanager
def running(users: Sequence[str], *, settings: str = "") -> Iterator[Postfix]:
    """Serve these users of mail.test while the block lasts; skip the test where the package is missing.

    settings: more lines of main.cf.
    """
    required("postfix")
    if os.geteuid() != 0 and shutil.which("newuidmap") is None:
        pytest.skip("needs Debian's package uidmap")
    folder = Path(tempfile.mkdtemp(prefix="outreach-postfix-"))
    folder.chmod(0o755)  # its daemons run under other accounts
    port = free_port()
    _write(folder, users, port, settings)
    script = _PREPARE.format(folder=folder, queues=_QUEUES)
    namespace = [] if os.geteuid() == 0 else ["unshare", "--map-auto", "--map-root-user"]
    with (folder / "said").open("wb") as said:
        master = subprocess.Popen(
            [*namespace, "sh", "-c", script],
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(signal.SIGTERM),  # noqa: PLW1509  # a killed test run leaves no server
        )
    try:
        server = Postfix(port, authority().pem, folder)
        _wait_until_it_answers(master, port, folder)
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(master.pid, signal.SIGTERM)
        master.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, users: Sequence[str], port: int, settings: str) -> None:
    conf = folder / "conf"
    conf.mkdir()
    maps = ", ".join(f"{{ {user}@{DOMAIN} = {user}/ }}" for user in users)
    pair = leaf(HOST)
    (conf / "main.cf").write_text(
        _MAIN.format(folder=folder, host=HOST, domain=DOMAIN, maps=maps, size_limit=SIZE_LIMIT) + settings
    )
    (conf / "master.cf").write_text(_MASTER.format(host=HOST, port=port))
    (conf / "cert.pem").write_text(pair.pem)
    (conf / "key.pem").write_bytes(
        pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (conf / "key.pem").chmod(0o600)


def _wait_until_it_answers(master: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with suppress(OSError), socket.create_connection((HOST, port), 2) as probe:
            if probe.recv(100).startswith(b"220"):
                return
        said = (folder / "said").read_text(errors="replace")
        assert master.poll() is None, f"Postfix ended: {said}"
        assert time.monotonic() < deadline, f"Postfix does not answer: {said}"
        time.sleep(0.05)
