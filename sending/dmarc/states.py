"""What kinds of reports there are, and what our own mail server said of the mail that brought one."""

from __future__ import annotations

from enum import StrEnum


class ReportKind(StrEnum):
    """What a report is about."""

    AGGREGATE = "aggregate"  # DMARC: mail in the name of a domain (RFC 9990)
    TLS = "tls"  # connections to a domain's mail exchangers (RFC 8460)


class Proof(StrEnum):
    """Whether the server of the mailbox believed who sent the mail; it proves nothing of what the report says."""

    PASSED = "passed"
    FAILED = "failed"
    UNSAID = "unsaid"  # it has said nothing, or nobody can tell that it was this server
    NO_MAIL = ""  # a person or a program gave the file
