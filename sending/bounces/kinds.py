"""The closed vocabulary of what comes back, and what each word makes the program do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What a mail is."""

    HUMAN_REPLY = "human_reply"  # a person wrote it
    AUTO_REPLY = "auto_reply"  # out of office, or another machine's answer
    BOUNCE = "bounce"  # our message was not delivered
    DELAYED = "delayed"  # a notice that delivery is still being tried
    DELIVERED = "delivered"  # a success report
    COMPLAINT = "complaint"  # reported as spam (ARF, RFC 5965)
    CHALLENGE = "challenge"  # a program keeps our message until somebody proves to be a person
    OPT_OUT = "opt_out"  # asks not to be written to
    OTHER = "other"  # none of these; kept and shown


class Severity(StrEnum):
    """How final a failure is, and about whom it is."""

    HARD = "hard"  # the address does not exist
    SOFT = "soft"  # not now
    BLOCK = "block"  # about us or the message, not about the address
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"
    NONE = "none"  # no failure


class Category(StrEnum):
    """Why something was not delivered, or what it is instead."""

    BAD_MAILBOX = "bad_mailbox"  # no such user
    BAD_DOMAIN = "bad_domain"  # no such domain, or it takes no mail
    INACTIVE_MAILBOX = "inactive_mailbox"  # disabled, moved, abandoned
    MAILBOX_FULL = "mailbox_full"
    RATE_LIMITED = "rate_limited"  # we, or all senders, are too fast for it
    TEMPORARY = "temporary"  # greylisting, network, overload
    CONTENT_BLOCK = "content_block"  # the text or a link in it
    REPUTATION_BLOCK = "reputation_block"  # our address or network is distrusted
    AUTH_FAILED = "auth_failed"  # SPF, DKIM, DMARC, PTR of our domain
    POLICY_BLOCK = "policy_block"  # the recipient's side does not want it
    SENDER_CONFIG = "sender_config"  # relaying, sign-in or sender address of our mailbox
    MESSAGE_FORMAT = "message_format"  # too large, malformed
    COMPLAINT = "complaint"
    UNKNOWN = "unknown"
    AUTO_REPLY = "auto_reply"
    DELIVERED = "delivered"
    NONE = "none"

    @property
    def severity(self) -> Severity:
        return _SEVERITY.get(self, Severity.BLOCK)

    @property
    def suppresses(self) -> bool:
        """The address does not exist. Policy, reputation and quota refusals say nothing about it."""
        return self in {Category.BAD_MAILBOX, Category.BAD_DOMAIN, Category.INACTIVE_MAILBOX}

    @property
    def pauses_mailbox(self) -> bool:
        """It is about the mailbox that sent, so that its next message would fare no better."""
        return self in {Category.SENDER_CONFIG, Category.RATE_LIMITED}


_SEVERITY = {
    Category.BAD_MAILBOX: Severity.HARD,
    Category.BAD_DOMAIN: Severity.HARD,
    Category.INACTIVE_MAILBOX: Severity.HARD,
    Category.MAILBOX_FULL: Severity.SOFT,
    Category.RATE_LIMITED: Severity.SOFT,
    Category.TEMPORARY: Severity.SOFT,
    Category.COMPLAINT: Severity.COMPLAINT,
    Category.UNKNOWN: Severity.UNKNOWN,
    Category.AUTO_REPLY: Severity.AUTO_REPLY,
    Category.DELIVERED: Severity.NONE,
    Category.NONE: Severity.NONE,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: the layer, the rule in it, the words that met it."""

    layer: str
    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What something that came back means. confidence: 1 = a standard field says so, 0 = nothing does."""

    kind: Kind
    category: Category
    evidence: tuple[Evidence, ...] = ()
    recipients: tuple[str, ...] = ()
    status: str = ""  # RFC 3463
    original_message_ids: tuple[str, ...] = ()
    return_date: date | None = None
    confidence: float = 1.0
