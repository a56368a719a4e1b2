"""What an SMTP reply means: only "this address does not exist" may suppress a contact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.bounces import Category, Kind, Severity, classify_line, classify_reply

TABLE = [
    (550, "5.1.1", "The email account that you tried to reach does not exist", Category.BAD_MAILBOX),
    (550, "", "No such user here", Category.BAD_MAILBOX),
    (550, "5.1.2", "Host unknown", Category.BAD_DOMAIN),
    (556, "5.1.10", "Recipient address has null MX", Category.BAD_DOMAIN),
    (550, "5.2.1", "The email account that you tried to reach is disabled", Category.INACTIVE_MAILBOX),
    (452, "4.2.2", "The recipient's mailbox is full", Category.MAILBOX_FULL),
    (552, "5.2.2", "Mailbox full", Category.MAILBOX_FULL),
    (450, "4.7.1", "Greylisted, please try again later", Category.TEMPORARY),
    (451, "4.3.0", "Temporary lookup failure", Category.TEMPORARY),
    (550, "5.4.5", "Daily user sending quota exceeded", Category.RATE_LIMITED),
    (421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail", Category.REPUTATION_BLOCK),
    (550, "5.7.1", "Delivery not authorized, message refused by policy", Category.POLICY_BLOCK),
    (554, "5.7.1", "Relay access denied", Category.SENDER_CONFIG),
    (
        550,
        "5.7.1",
        "Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org",
        Category.REPUTATION_BLOCK,
    ),
    (550, "5.7.26", "Unauthenticated email is not accepted due to domain's DMARC policy", Category.AUTH_FAILED),
    (
        550,
        "5.7.515",
        "Access denied, sending domain does not meet the required authentication level",
        Category.AUTH_FAILED,
    ),
    (554, "5.7.1", "Message rejected as spam by content filtering", Category.CONTENT_BLOCK),
    (552, "5.3.4", "Message size exceeds fixed limit", Category.MESSAGE_FORMAT),
    (535, "5.7.8", "Username and Password not accepted", Category.SENDER_CONFIG),
    (534, "5.7.9", "Application-specific password required", Category.SENDER_CONFIG),
    (554, "", "Transaction failed", Category.UNKNOWN),
    (451, "", "x", Category.TEMPORARY),
    (550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281)", Category.BAD_MAILBOX),
    (550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found", Category.BAD_MAILBOX),
    (550, "5.7.606", "Access denied, banned sending IP [192.0.2.1]", Category.REPUTATION_BLOCK),
    (421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred", Category.REPUTATION_BLOCK),
    (552, "5.2.2", "The email account that you tried to reach is over quota. p=OverQuotaPerm", Category.MAILBOX_FULL),
    (550, "5.5.0", "Mail rejete. Mail rejected. OFR_506 [506]", Category.CONTENT_BLOCK),
    (550, "", "Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_418 [418]", Category.BAD_MAILBOX),
    (550, "5.7.1", "SPF check failed for y.example", Category.AUTH_FAILED),
    (450, "4.7.25", "Client host rejected: cannot find your reverse hostname", Category.AUTH_FAILED),
    (550, "5.7.133", "RESOLVER.RST.SenderNotAuthenticatedForGroup", Category.POLICY_BLOCK),
    (554, "", "Das Postfach des Empfängers ist voll", Category.MAILBOX_FULL),
    (550, "", "Utilisateur inconnu !", Category.BAD_MAILBOX),
    (550, "", "用户不存在", Category.BAD_MAILBOX),
    (554, "5.4.6", "Too many hops", Category.TEMPORARY),
    # a hint of a missing mailbox does not count against a status that is about something else
    (550, "5.7.1", "Recipient address rejected: not today", Category.POLICY_BLOCK),
    (550, "5.6.0", "Recipient address rejected: not today", Category.MESSAGE_FORMAT),
    # a vague status is no reason
    (550, "5.0.0", "Something happened", Category.UNKNOWN),
    # a block that hides behind the number of a missing mailbox
    (550, "5.1.1", "Rejected: your address is on a blocklist (spamhaus)", Category.REPUTATION_BLOCK),
]


@pytest.mark.parametrize(("code", "enhanced", "text", "category"), TABLE)
def test_known_replies(code: int, enhanced: str, text: str, category: Category) -> None:
    verdict = classify_reply(code, enhanced, text)
    assert verdict.category is category
    assert verdict.evidence
    assert verdict.kind is (Kind.BOUNCE if code >= 500 else Kind.DELAYED)


@given(st.integers(400, 499), st.sampled_from(["", "4.1.1", "5.1.1", "4.2.1", "4.7.1"]), st.text(max_size=200))
def test_a_temporary_code_never_condemns_an_address(code: int, enhanced: str, text: str) -> None:
    assert not classify_reply(code, enhanced, text).category.suppresses


@given(st.integers(400, 599), st.text(max_size=12), st.text(max_size=500))
def test_any_reply_gets_a_verdict_with_evidence(code: int, enhanced: str, text: str) -> None:
    verdict = classify_reply(code, enhanced, text)
    assert verdict.evidence[0].layer
    assert 0 < verdict.confidence <= 1


def test_a_refusal_of_the_sender_is_not_about_the_recipient() -> None:
    assert not classify_reply(550, "5.1.8", "User unknown", phase="mail").category.suppresses


def test_only_three_categories_suppress() -> None:
    assert {one for one in Category if one.suppresses} == {
        Category.BAD_MAILBOX,
        Category.BAD_DOMAIN,
        Category.INACTIVE_MAILBOX,
    }
    assert all(one.severity is Severity.HARD for one in Category if one.suppresses)


@pytest.mark.parametrize(
    ("line", "kind", "category", "status"),
    [
        ("550 5.1.1 No such user", Kind.BOUNCE, Category.BAD_MAILBOX, "5.1.1"),
        (
            "host mx.y.example said: 452 4.2.2 Mailbox full (in reply to RCPT TO)",
            Kind.DELAYED,
            Category.MAILBOX_FULL,
            "4.2.2",
        ),
        ("5.1.1 No such user", Kind.BOUNCE, Category.BAD_MAILBOX, "5.1.1"),
        ("connect to mx.y.example[192.0.2.1]:25: No route to host", Kind.DELAYED, Category.TEMPORARY, ""),
        ("User unknown", Kind.BOUNCE, Category.BAD_MAILBOX, ""),
        ("250 2.0.0 Ok: queued", Kind.DELIVERED, Category.NONE, ""),
        ("354 End data", Kind.DELIVERED, Category.NONE, ""),
        ("421 User unknown", Kind.DELAYED, Category.TEMPORARY, ""),
    ],
)
def test_lines_of_a_dialogue(line: str, kind: Kind, category: Category, status: str) -> None:
    verdict = classify_line(line)
    assert (verdict.kind, verdict.category, verdict.status) == (kind, category, status)


@given(st.text(max_size=500))
def test_any_line_gets_a_verdict(line: str) -> None:
    assert classify_line(line).evidence
