"""Let Debian's mail servers make the reports again: `python -m tests.sending.bounces.captured.capture PROGRAM FOLDER`.

It runs inside a throw-away root where the package of PROGRAM is installed (exim, sendmail, opensmtpd, dma, nullmailer)
and in a network namespace of its own, so that ports 25 and 53 of 127/8 are free and nothing leaves the machine:

    mkdir -p /tmp/it/up /tmp/it/work /tmp/it/root
    unshare -m sh -c 'mount -t overlay overlay -o lowerdir=/,upperdir=/tmp/it/up,workdir=/tmp/it/work /tmp/it/root &&
        mount -t proc proc /tmp/it/root/proc && mount --rbind /dev /tmp/it/root/dev &&
        chroot /tmp/it/root apt-get install -y --no-install-recommends PACKAGE &&
        unshare -n chroot /tmp/it/root sh -c "cd CLONE && .venv/bin/python -m ... PROGRAM /tmp/found"'

Each report that arrives for me@acme.example is written to FOLDER as CAUSE.eml (CAUSE-2.eml for the second of a cause).
"""

from __future__ import annotations

import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dnslib import QTYPE, RCODE, RR
from dnslib.server import DNSLogger, DNSServer

from tests.sending.bounces.captured.causes import CAUSES, Cause

ZONE = """
kunde.example. 60 IN MX 10 mx.kunde.example.
mx.kunde.example. 60 IN A 127.0.0.2
acme.example. 60 IN MX 10 mx.acme.example.
acme.example. 60 IN A 127.0.0.2
mx.acme.example. 60 IN A 127.0.0.2
nomail.example. 60 IN MX 0 .
empty.example. 60 IN TXT "nothing here"
closed.example. 60 IN MX 10 mx.closed.example.
mx.closed.example. 60 IN A 127.0.0.9
mta.example. 60 IN A 127.0.0.1
"""
LETTER = """\
From: Me <me@acme.example>
To: {to}
Subject: A question about your newsletter
Message-ID: <Zo-9_aBcDeFgHiJkLmN-{name}@acme.example>
Date: Tue, 24 Nov 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Good day,
who at your place looks after the newsletter?
Best regards
"""
_ID = re.compile(rb"Zo-9_aBcDeFgHiJkLmN-([a-z0-9]+)@acme\.example")
_WAIT_S = 60
_arrived: list[bytes] = []


class _Zone:
    def __init__(self) -> None:
        self._rows = RR.fromZone(ZONE)

    def resolve(self, request: object, _handler: object) -> object:
        reply = request.reply()  # type: ignore[attr-defined]
        name, kind = str(request.q.qname).lower(), QTYPE[request.q.qtype]  # type: ignore[attr-defined]
        mine = [row for row in self._rows if str(row.rname).lower() == name]
        if not mine:
            reply.header.rcode = RCODE.NXDOMAIN
        for row in mine:
            if QTYPE[row.rtype] == kind:
                reply.add_answer(row)
        return reply


class _Scripted(socketserver.StreamRequestHandler):
    """Refuses a recipient as its cause says, and keeps what comes for us."""

    def handle(self) -> None:
        self._say("220 mx.kunde.example ESMTP")
        recipient = ""
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").strip()
            word = line[:4].upper()
            if word == "EHLO":
                self._say("250-mx.kunde.example\r\n250 8BITMIME")
            elif word == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0].lower()
                cause = CAUSES.get(recipient.partition("@")[0])
                self._say(cause.answer if cause and not cause.after_data else "250 2.1.5 Ok")
            elif word == "DATA":
                self._take(recipient)
            elif word == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            else:
                self._say("250 2.0.0 Ok")

    def _take(self, recipient: str) -> None:
        self._say("354 Go on")
        lines = []
        for raw in self.rfile:
            if raw in {b".\r\n", b".\n"}:
                break
            lines.append(raw[1:] if raw.startswith(b"..") else raw)
        cause = CAUSES.get(recipient.partition("@")[0])
        if cause:
            self._say(cause.answer)
            return
        if recipient == "me@acme.example":
            _arrived.append(b"".join(lines).replace(b"\r\n", b"\n"))
        self._say("250 2.0.0 Ok")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _run(*command: str, text: str = "") -> None:
    subprocess.run(command, input=text.encode(), check=False, timeout=_WAIT_S, capture_output=True)


def _start(*command: str) -> None:
    subprocess.Popen(command, stdin=subprocess.DEVNULL)


def exim() -> Callable[[], None]:
    """Debian's exim4-daemon-light; a delay is warned of after a second, and expires soon."""
    conf = Path("/etc/exim4/exim4.conf")
    conf.write_text("""
primary_hostname = mta.example
domainlist local = mta.example
delay_warning = 1s:1h
delay_warning_condition = yes
timeout_frozen_after = 1d
trusted_users = root
never_users =
tls_advertise_hosts =
acl_smtp_rcpt = accept
dns_csa_search_limit = 0
begin acl
accept:
  accept
begin routers
remote:
  driver = dnslookup
  domains = ! +local
  transport = smtp
  no_more
users:
  driver = accept
  check_local_user
  transport = file
begin transports
smtp:
  driver = smtp
  hosts_try_fastopen =
file:
  driver = appendfile
  file = /tmp/$local_part
begin retry
* * F,6s,1s
""")

    def turn() -> None:
        _run("/usr/sbin/exim4", "-qff")

    return turn


def sendmail() -> Callable[[], None]:
    """Debian's sendmail-bin with a queue of its own."""
    queue = Path("/var/spool/mqueue")
    queue.mkdir(parents=True, exist_ok=True)
    _run("chown", "root:smmsp", str(queue))
    _run("chmod", "770", str(queue))
    conf = Path("/etc/mail/sendmail.cf")
    made = subprocess.run(
        ["m4"],
        input=b"""
include(`/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mta.example')
define(`confTO_QUEUERETURN', `5s')
define(`confTO_QUEUEWARN', `1s')
define(`confTO_ICONNECT', `3s')
define(`confDONT_BLAME_SENDMAIL', `groupreadablekeyfile,WorldWritableAliasFile')
undefine(`ALIAS_FILE')
define(`confMIN_QUEUE_AGE', `0')
FEATURE(`promiscuous_relay')
FEATURE(`accept_unresolvable_domains')
LOCAL_DOMAIN(`mta.example')
MAILER(`local')
MAILER(`smtp')
""",
        capture_output=True,
        check=True,
    )
    conf.write_bytes(made.stdout)

    def turn() -> None:
        _run("/usr/sbin/sendmail", "-Am", "-q")

    return turn


def opensmtpd() -> Callable[[], None]:
    """Debian's opensmtpd: warns after two seconds, gives up after twelve."""
    Path("/etc/smtpd.conf").write_text("""
queue ttl 12s
bounce warn-interval 2s
listen on socket
listen on 127.0.0.1
action "local" mbox
action "relay" relay helo mta.example
match from any for domain "mta.example" action "local"
action "behind" relay host smtp://127.0.0.2 helo mta.example
match from any for domain { "kunde.example", "acme.example" } action "behind"
match from any for any action "relay"
""")
    _start("/usr/sbin/smtpd", "-d")
    time.sleep(2)

    def turn() -> None:
        _run("/usr/sbin/smtpctl", "schedule", "all")

    return turn


def dma() -> Callable[[], None]:
    """Debian's dma, over the scripted server; it gives up by the age of the queued file, which is set back."""
    Path("/etc/dma/dma.conf").write_text("MAILNAME mta.example\n")

    def turn() -> None:
        for queued in Path("/var/spool/dma").glob("[MQ]*"):
            _run("touch", "-d", "10 days ago", str(queued))
        _run("/usr/sbin/dma", "-q1")

    return turn


def nullmailer() -> Callable[[], None]:
    """Debian's nullmailer, over the scripted server; a message lives for six seconds."""
    folder = Path("/etc/nullmailer")
    for name, text in {
        "remotes": "127.0.0.2 smtp --port=25\n", "me": "mta.example\n", "queuelifetime": "6\n", "pausetime": "1\n",
        "maxpause": "2\n", "defaulthost": "mta.example\n", "adminaddr": "",
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    _run("sh", "-c", "test -p /var/spool/nullmailer/trigger || mkfifo -m 622 /var/spool/nullmailer/trigger")
    _run("chown", "-R", "mail:mail", "/var/spool/nullmailer", "/etc/nullmailer")
    _start("su", "-s", "/bin/sh", "mail", "-c", "exec /usr/sbin/nullmailer-send")
    return lambda: None


PROGRAMS = {one.__name__: one for one in (exim, sendmail, opensmtpd, dma, nullmailer)}


def main(program: str, folder: Path) -> None:
    """Send one message for each cause, wait for the reports, write them."""
    _run("ip", "link", "set", "lo", "up")
    shutil.rmtree("/etc/resolv.conf", ignore_errors=True)
    Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    Path("/etc/hosts").write_text("127.0.0.1 mta.example localhost\n")
    Path("/etc/mailname").write_text("mta.example\n")
    logger = DNSLogger("-request,-reply,-truncated,-error")
    for tcp in (False, True):
        DNSServer(_Zone(), address="127.0.0.1", port=53, tcp=tcp, logger=logger).start_thread()
    scripted = _Server(("127.0.0.2", 25), _Scripted)
    threading.Thread(target=scripted.serve_forever, daemon=True).start()
    turn = PROGRAMS[program]()
    for cause in CAUSES.values():
        _submit(cause)
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        turn()
        time.sleep(1)
        if len({_cause_of(one) for one in _arrived}) == len(CAUSES):
            break
    _write(folder)


def _submit(cause: Cause) -> None:
    letter = LETTER.format(to=cause.address, name=cause.name)
    mode = ["-Am"] if sys.argv[1] == "sendmail" else []  # else its submission queue takes it
    _run("/usr/sbin/sendmail", *mode, "-f", "me@acme.example", cause.address, text=letter)


def _cause_of(report: bytes) -> str:
    found = _ID.search(report)
    if found:
        return found[1].decode()
    named = [one.name for one in CAUSES.values() if one.address.encode() in report]
    return named[0] if named else "unknown"


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    seen: Counter[str] = Counter()
    for report in _arrived:
        name = _cause_of(report)
        seen[name] += 1
        (folder / (f"{name}.eml" if seen[name] == 1 else f"{name}-{seen[name]}.eml")).write_bytes(report)
    sys.stdout.write(f"{len(_arrived)} reports, none of {sorted(set(CAUSES) - set(seen))}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
