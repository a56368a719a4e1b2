"""Mails that repeat one token for ever, in every place where a reader may look: what makes a careless one slow.

`python -m tests.sending.bounces.hostile BYTES [--telling]` reads all of them, or some, in a process with a limit of its
own, and tells of the slowest. The suite reads some, `make bench ARGS=hostile` all.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from datetime import date

from sending.bounces.answers import answer_of
from sending.bounces.attachments import attachments_of
from sending.bounces.quoting import split
from sending.inbox.understanding import content_key, understand

MEMORY = 1_000_000_000  # bytes that the process may have
TOKENS = (
    "<",
    "<!--",
    "<!",
    "<a ",
    "</",
    "&",
    "&#",
    "&amp;",
    "a@",
    "a@b.",
    "a.b@c.d ",
    "a.",
    "-",
    "--",
    "--b\n",
    "_",
    "=",
    ">",
    "> ",
    " ",
    "\n",
    "\n\n",
    " \n",
    "\t",
    "\r\n",
    "=?utf-8?q?",
    "=?utf-8?q?a?=",
    "(",
    "((",
    "[",
    "{",
    ",",
    ":",
    "::",
    "X:",
    "X: y\n",
    "On 1 ",
    "On 1 a wrote",
    "wrote:",
    "1",
    "1.",
    "5.5.",
    "5.1.1 ",
    "550 ",
    "550-5.1.1 ",
    "said: ",
    "said: 550 ",
    "<<< 550",
    "http://",
    "http://a",
    "id=",
    "message-id: <",
    "<a@b>",
    "<a@b>:",
    "rcpt to:",
    "rcpt to: ",
    "for ",
    "to ",
    "user ",
    "mailbox ",
    "recipient",
    "delivered to ",
    "from: ",
    "from:\n",
    "from: a@b\n",
    "subject: x\n",
    "Final-Recipient: rfc822; a@b.c\n",
    "Action: failed\n\n",
    "Status: 5.1.1\n\n",
    " x\n",
    "a\n b\n",
    "unsubscribe",
    "mailto:a@b?subject=unsubscribe",
    "mailto:",
    "List-Unsubscribe: <mailto:a@b?subject=unsubscribe%20",
    "until ",
    "back ",
    "back 1 ",
    "bis 1.",
    "january ",
    "am ",
    "é",
    "\u00a0",
    "\u3000",
    "漢",
    '"',
    "'",
    "`",
    "\\",
    "%",
    "*",
    "* ",
    "host ",
    "blocked ",
    "dmarc ",
    "due to ",
    "violates ",
    "contains",
    "Received: a\n b\n",
    "Message-ID: <a",
    "return-path: <",
    "x@a.a.a.a.a.a.a.a.a.a.",
    "(expanded from: ",
    "following recipients",
    "following recipients:",
    "following address",
    "folgende empfänger",
    "-- \n",
    "Regards\n",
    "From: a\nSent: b\n",
    '{"notificationType":',
    "[[",
    '{"a":',
    "=\n",
    "=3D",
    "AAAA",
    "A=",
    "begin 644 x\n",
    "M",
    "smtp=",
    "(reason: ",
    "took",
    "Auto",
    "ooo ",
    "out of ",
    "am away",
    "ne ",
    "n'",
    "stop ",
    "take me ",
    "remove ",
    "opt ",
    "|",
    "#5.",
    "(#5.1.1",
    *("a" * 70 + "@", "a" * 63 + ".", "x@" + "a." * 10),
)
# Those that have found something, or come near a pattern with a run in it.
TELLING = ("-", "((", "<", "a@", "> ", "--b\n", "said: 550 ")
_HEAD = b"From: a <a@x.example>\r\nTo: me@acme.example\r\nDate: Mon, 5 Jan 2026 09:00:00 +0000\r\nSubject: hello\r\n"
_REPORT = b"""From: mailer-daemon@x.example\r
Subject: failed\r
Content-Type: multipart/report; report-type=%b; boundary=b\r
\r
--b\r
\r
%b\r
--b\r
Content-Type: message/%b\r
\r
%b\r
--b\r
Content-Type: message/rfc822\r
\r
%b\r
--b--"""
_FATE = b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.c\r\nAction: failed\r\nDiagnostic-Code: "


def mails_of(token: str, size: int) -> Iterator[tuple[str, bytes]]:
    """Yield (place, mail) of about so many bytes each, with the token over and over in that place."""
    body = (token * (size // len(token.encode()) + 1)).encode()[:size]
    line = body.replace(b"\n", b" ").replace(b"\r", b" ")
    daemon = _HEAD.replace(b"a <a@x.example>", b"MAILER-DAEMON@x.example")
    yield "answer", _HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body
    yield "markup", _HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + body
    yield "free form", daemon + b"\r\nHi. This is the qmail-send program\r\n" + body
    yield "report", _REPORT % (b"delivery-status", body, b"delivery-status", _FATE + body, body)
    yield (
        "complaint",
        _REPORT % (b"feedback-report", body, b"feedback-report", b"Feedback-Type: abuse\r\n" + body, body),
    )
    yield "absence", _HEAD + b"Auto-Submitted: auto-replied\r\n\r\n" + body
    yield "subject", _HEAD + b"References: " + line + b"\r\nSubject: " + line + b"\r\n\r\nYes"
    yield "headers", _HEAD + body + b"\r\n\r\nYes"
    yield "parts", _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body
    yield "base64", _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    yield "quoted", _HEAD + b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + body


def seconds_for(raw: bytes) -> float:
    """Return the CPU seconds that everything takes which reads a mail on its way in, or shows it."""
    begun = time.thread_time()
    read = understand(raw)
    content_key(read.mail, raw)
    split(read.mail.text)
    answer_of(read.mail, received=date(2026, 1, 5))
    attachments_of(raw)
    return time.thread_time() - begun


def main(size: int = 100_000, tokens: tuple[str, ...] = TOKENS) -> None:
    """Write down the slowest mails and the memory at its highest, with MEMORY as a limit that the system holds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    times = sorted(
        ((seconds_for(raw), place, token) for token in tokens for place, raw in mails_of(token, size)), reverse=True
    )
    for seconds, place, token in times[:3]:
        sys.stdout.write(f"{seconds:.3f} s: {place}, {token[:20]!r}, {size:,} bytes\n")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{most} MB at its highest, {len(times):,} mails\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), TELLING if "--telling" in sys.argv else TOKENS)
