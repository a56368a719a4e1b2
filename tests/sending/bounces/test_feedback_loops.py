"""The reports of the great feedback loops: each is a complaint, with its recipient and the message that it is about.

Written down from descriptions: ARF (RFC 5965) as Yahoo sends it; Validity's loops for Comcast, Cox and others, "all of
type abuse" (http://feedback.comcast.net/faq.php); Microsoft's JMRP in its older forms, "RFC822 Attachment" from
staff@hotmail.com (its FAQ), which have no feedback-report part.
"""

from __future__ import annotations

import pytest

from sending.bounces import Kind, classify_mail, parse_mail

ORIGINAL = "Message-ID: <abc@acme.example>\nFrom: me@acme.example\nTo: bob@hotmail.com\nSubject: Hello\n\nText\n"
HEADER = "From: {writer}\nTo: fbl@acme.example\nSubject: {subject}\nMIME-Version: 1.0\n"
ARF = (
    HEADER
    + """Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: {agent}
Version: 0.1
{recipient}
--b
Content-Type: message/rfc822

"""
    + ORIGINAL
    + "--b--\n"
)
STAFF = HEADER.format(writer="staff@hotmail.com", subject="complaint about message from 192.0.2.7")
MARKED = f"X-HmXmrOriginalRecipient: bob@hotmail.com\n{ORIGINAL}"


def arf(writer: str, agent: str, recipient: str) -> str:
    return ARF.format(writer=writer, subject="Email Feedback Report", agent=agent, recipient=recipient)


@pytest.mark.parametrize(
    ("mail", "recipient"),
    [
        (
            arf("feedback@arf.mail.yahoo.com", "Yahoo!-Mail-Feedback/2.0", "Original-Rcpt-To: bob@yahoo.com"),
            "bob@yahoo.com",
        ),
        (
            arf("feedbackloop@comcastfbl.senderscore.net", "ReturnPathFBL/1.0", "Original-Rcpt-To: bob@comcast.net"),
            "bob@comcast.net",
        ),
        (arf("fbl@validity.example", "ReturnPathFBL/2.0", "Removal-Recipient: bob@cox.net"), "bob@cox.net"),
        (STAFF + f"Content-Type: message/rfc822\n\n{MARKED}", "bob@hotmail.com"),
        (
            STAFF
            + f'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n{MARKED}--b--\n',
            "bob@hotmail.com",
        ),
    ],
    ids=["yahoo", "comcast", "cox", "jmrp alone", "jmrp attached"],
)
def test_a_report_of_a_feedback_loop_is_a_complaint(mail: str, recipient: str) -> None:
    verdict = classify_mail(parse_mail(mail.replace("\n", "\r\n").encode()))
    assert (verdict.kind, verdict.recipients) == (Kind.COMPLAINT, (recipient,))
    assert verdict.original_message_ids == ("<abc@acme.example>",)
