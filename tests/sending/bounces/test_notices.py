"""Reports in every form, written by us after those of the programs: whom they are about, and why it failed."""

from __future__ import annotations

import json
import time

import pytest

from sending.bounces import Category, Kind, Verdict, classify_mail, parse_mail

US = "olivia@brightpath.test"
RETURNED = (
    f"Return-Path: <{US}>\nFrom: {US}\nTo: anna@acme.test\nSubject: A question\nMessage-ID: <abc@brightpath.test>\n"
)


def verdict(sender: str, subject: str, body: str, headers: str = "") -> Verdict:
    return classify_mail(parse_mail(f"From: {sender}\nTo: {US}\nSubject: {subject}\n{headers}\n{body}".encode()))


def parts(*pairs: tuple[str, str]) -> str:
    return "".join(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in pairs) + "--b--\n"


FORMS = {
    "qmail": (
        "MAILER-DAEMON@mx.example", "failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following"
        " addresses.\nThis is a permanent error; I've given up.\n\n<anna@acme.test>:\nSorry, I couldn't find any host named"
        f" acme.test. (#5.1.2)\n\n--- Below this line is a copy of the message.\n\n{RETURNED}",
        Kind.BOUNCE, Category.BAD_DOMAIN,
    ),
    "Exim": (
        "Mail Delivery System <Mailer-Daemon@mx.example>", "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to"
        " one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  anna@acme.test\n"
        "    SMTP error from remote mail server after RCPT TO:<anna@acme.test>:\n    host mx.acme.test [192.0.2.1]: 550 relay not"
        f" permitted\n\n------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}",
        Kind.BOUNCE, Category.SENDER_CONFIG,
    ),
    "Exim, still trying": (
        "Mail Delivery System <Mailer-Daemon@mx.example>", "Warning: message 1abc delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to"
        " one or more of its\nrecipients after more than 24 hours on the queue on mx.example.\n\nThe address to which the message"
        " has not yet been delivered is:\n\n  anna@acme.test\n\nNo action is required on your part.\n",
        Kind.DELAYED, Category.TEMPORARY,
    ),
    "Postfix as text": (
        "MAILER-DAEMON@mx.example (Mail Delivery System)", "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered"
        " to one or more recipients. It's attached below.\n\n<anna@acme.test>: host mx.acme.test[192.0.2.1] said: 552 5.2.2\n"
        f"    Mailbox full (in reply to RCPT TO command)\n\n{RETURNED}",
        Kind.BOUNCE, Category.MAILBOX_FULL,
    ),
    "sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>", "Returned mail: see transcript for details",
        "The original message was received at Tue, 24 Nov 2026 09:30:00 GMT\nfrom localhost\n\n   ----- The following addresses"
        " had permanent fatal errors -----\n<anna@acme.test>\n    (reason: 550 5.1.1 <anna@acme.test>... User unknown)\n\n"
        "   ----- Transcript of session follows -----\n... while talking to mx.acme.test.:\n>>> RCPT To:<anna@acme.test>\n"
        "<<< 550 5.1.1 <anna@acme.test>... User unknown\n",
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "DragonFly": (
        "MAILER-DAEMON <>", "Mail delivery failed",
        "This is the DragonFly Mail Agent v0.13 at mx.example.\n\nThere was an error delivering your mail to <anna@acme.test>.\n\n"
        "mx.acme.test [192.0.2.1] did not like our RCPT TO:\n550 5.7.26 Unauthenticated email from brightpath.test is not"
        f" accepted due to domain's DMARC policy.\n\nOriginal message follows.\n\n{RETURNED}",
        Kind.BOUNCE, Category.AUTH_FAILED,
    ),
    "Exchange 2003": (
        "System Administrator <postmaster@acme.test>", "Undeliverable: A virus in your offer",
        f"Your message\n\n  To:      {US}\n  Subject: A virus in your offer\n  Sent:    Tue, 24 Nov 2026 09:30:00\n\ndid not reach"
        " the following recipient(s):\n\nanna@acme.test on Tue, 24 Nov 2026 09:31:00\n    The recipient name is not recognized\n"
        "    MSEXCH:IMS:Acme:MAIN:MX1 0 (000C05A6) Unknown Recipient\n",
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "Domino": (
        "Postmaster@acme.test", "DELIVERY FAILURE: User anna (anna@acme.test) not listed in Domino Directory",
        "Your message\n\n  Subject: A question\n\nwas not delivered to:\n\n  anna@acme.test\n\nbecause:\n\n  User anna"
        " (anna@acme.test) not listed in Domino Directory\n",
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "IMail": (
        "Postmaster <postmaster@mx.example>", "Undeliverable Mail",
        f"Invalid final delivery userid: anna@acme.test\n\nOriginal message follows.\n\n{RETURNED}",
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "a carrier under no server's name": (
        "no-reply@carrier.example", "Mail",
        "Your mail sent on: Tue, 24 Nov 2026 09:30:00 +0900\n     Could not be delivered to: <anna@acme.test>\n     As their"
        " mailbox is full.\n",
        Kind.BOUNCE, Category.MAILBOX_FULL,
    ),
    "German": (
        "Mail Delivery System <mailer-daemon@mx.example>", "Unzustellbar: Eine Frage",
        "Ihre Nachricht konnte nicht zugestellt werden an:\n\nanna@acme.test\n\nEmpfänger unbekannt\n",
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "Chinese": (
        "Postmaster@mx.example", "系统退信",
        "抱歉，您的邮件被退回来了……\n收件人: anna@acme.test\n退信原因: 用户不存在\n",  # noqa: RUF001
        Kind.BOUNCE, Category.BAD_MAILBOX,
    ),
    "Google Groups": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
        "Hello,\n\nwe're writing to let you know that the group you tried to contact (anna) may not exist, or you may not have"
        " permission to post messages to the group.\nhttps://groups.google.com/support/\n",
        Kind.BOUNCE, Category.POLICY_BLOCK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_known_with_its_recipient_and_reason(form: str) -> None:
    sender, subject, body, kind, category = FORMS[form]
    failed = "X-Failed-Recipients: anna@acme.test\n" if form == "Google Groups" else ""
    null = "Return-Path: <>\n" if form.startswith("a carrier") else ""
    found = verdict(sender, subject, body, headers=failed + null)
    assert (found.kind, found.category, found.recipients) == (kind, category, ("anna@acme.test",))
    assert found.evidence[0].layer == "free-form"
    if "Message-ID: <abc@" in body:
        assert found.original_message_ids == ("<abc@brightpath.test>",)


REPORT = 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={}; boundary="b"\n'


def report(fields: str, text: str = "It failed.", returned: str = RETURNED) -> Verdict:
    body = parts(
        ("text/plain", text),
        ("message/delivery-status", f"Reporting-MTA: dns; mx.example\n\n{fields}"),
        ("message/rfc822", f"{returned}\nHi Anna,\n"),
    )
    return verdict("MAILER-DAEMON@mx.example", "Undelivered Mail", body, REPORT.format("delivery-status"))


def test_the_address_that_we_wrote_to_comes_before_the_one_it_became() -> None:
    found = report("Original-Recipient: rfc822; anna@acme.test\nFinal-Recipient: rfc822; a17@inner.test\nAction: failed\n"
                   "Status: 5.1.1\n")  # fmt: skip
    assert found.recipients == ("anna@acme.test",)


def test_only_those_who_failed_are_named() -> None:
    found = report("Final-Recipient: rfc822; bob@acme.test\nAction: relayed\nStatus: 2.0.0\n\n"
                   "Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.1.1\n")  # fmt: skip
    assert (found.kind, found.recipients) == (Kind.BOUNCE, ("anna@acme.test",))


def test_recipients_without_an_empty_line_between_them() -> None:
    found = report("Final-Recipient: rfc822; bob@acme.test\nAction: failed\nStatus: 5.1.1\n"
                   "Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.1.1\n")  # fmt: skip
    assert set(found.recipients) == {"bob@acme.test", "anna@acme.test"}


def test_the_returned_message_is_not_read_as_the_report() -> None:
    inner = RETURNED + "Final-Recipient: rfc822; somebody@else.test\nX-Failed-Recipients: somebody@else.test\n"
    found = report("Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.2.2\n", returned=inner)
    assert (found.recipients, found.category) == (("anna@acme.test",), Category.MAILBOX_FULL)


def test_a_definite_code_in_the_diagnostic_says_more_than_a_vague_status() -> None:
    found = report("Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.0.0\n"
                   "Diagnostic-Code: smtp; 550 5.1.1 <anna@acme.test> is not here\n")  # fmt: skip
    assert found.category is Category.BAD_MAILBOX


def test_a_success_is_no_bounce_and_a_delay_condemns_nobody() -> None:
    done = report("Final-Recipient: rfc822; anna@acme.test\nAction: delivered\nStatus: 2.0.0\n")
    late = report(
        "Final-Recipient: rfc822; anna@acme.test\nAction: delayed\nStatus: 4.4.4\nDiagnostic-Code: x; No MX\n"
    )
    assert (done.kind, done.category) == (Kind.DELIVERED, Category.DELIVERED)
    assert (late.kind, late.category) == (Kind.DELAYED, Category.TEMPORARY)


def test_our_own_subject_is_no_reason() -> None:
    found = report("Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.0.0\n",
                   text="Your message\n  Subject: Mailbox full? User unknown?\ncould not be delivered.\n")  # fmt: skip
    assert found.category is Category.UNKNOWN


def test_powermta_sorts_its_bounces() -> None:
    found = report("Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.0.0\n"
                   "X-PowerMTA-BounceCategory: quota-issues\n")  # fmt: skip
    assert found.category is Category.MAILBOX_FULL


def test_a_boundary_other_than_the_header_says_is_found() -> None:
    body = parts(
        ("text/plain", "It failed."),
        ("message/delivery-status", "Final-Recipient: rfc822; anna@acme.test\nAction: failed\nStatus: 5.1.1\n"),
    ).replace("--b", "--other-boundary")
    found = verdict("MAILER-DAEMON@mx.example", "Undelivered", body, REPORT.format("delivery-status"))
    assert (found.category, found.recipients) == (Category.BAD_MAILBOX, ("anna@acme.test",))


def receipt(disposition: str, text: str) -> Verdict:
    fields = f"Final-Recipient: rfc822; anna@acme.test\nOriginal-Message-ID: <abc@brightpath.test>\nDisposition: {disposition}\n"
    body = parts(("text/plain", text), ("message/disposition-notification", fields))
    return verdict("anna@acme.test", "Not read: A question", body, REPORT.format("disposition-notification"))


def test_a_receipt_is_no_bounce_unless_a_server_refused_the_message() -> None:
    assert receipt("manual-action/MDN-sent-manually; deleted", "It was deleted without being read.").kind is Kind.OTHER
    full = receipt("automatic-action/MDN-sent-automatically; deleted",
                   "Your message to <anna@acme.test> was automatically rejected:\nQuota exceeded (mailbox for user is full)")  # fmt: skip
    assert (full.kind, full.category) == (Kind.BOUNCE, Category.MAILBOX_FULL)
    assert full.recipients == ("anna@acme.test",)
    assert full.original_message_ids == ("<abc@brightpath.test>",)


def ses(notice: dict[str, object], *, wrapped: bool = False) -> Verdict:
    text = json.dumps({"Type": "Notification", "Message": json.dumps(notice)} if wrapped else notice)
    return verdict("no-reply@sns.example", "AWS Notification Message", text)


@pytest.mark.parametrize("wrapped", [False, True])
def test_notices_in_json(wrapped: bool) -> None:  # noqa: FBT001
    sent = {"destination": ["anna@acme.test"], "commonHeaders": {"messageId": "<abc@brightpath.test>"}}
    people = [{"emailAddress": "anna@acme.test", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}]
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": people}
    found = ses({"notificationType": "Bounce", "bounce": bounce, "mail": sent}, wrapped=wrapped)
    assert (found.kind, found.category, found.recipients) == (Kind.BOUNCE, Category.BAD_MAILBOX, ("anna@acme.test",))
    assert found.original_message_ids == ("<abc@brightpath.test>",)
    complaint = {"complainedRecipients": [{"emailAddress": "anna@acme.test"}], "complaintFeedbackType": "abuse"}
    assert (
        ses({"notificationType": "Complaint", "complaint": complaint, "mail": sent}, wrapped=wrapped).kind
        is Kind.COMPLAINT
    )
    assert ses({"notificationType": "Delivery", "delivery": {}, "mail": sent}, wrapped=wrapped).kind is Kind.DELIVERED
    transient = {**bounce, "bounceType": "Transient"}
    assert ses({"notificationType": "Bounce", "bounce": transient, "mail": sent}).category is Category.TEMPORARY


@pytest.mark.parametrize("text", ['{"notificationType": "Bounce", ', '{"notificationType": 7}', '{"notificationType": "Bounce"}',
                                  '{"Message": "x", "notificationType": "Bounce"}', "[" * 9000 + "notificationType"])  # fmt: skip
def test_json_that_is_none_or_lacks_everything_breaks_nothing(text: str) -> None:
    assert verdict("no-reply@sns.example", "AWS Notification Message", text).evidence


@pytest.mark.parametrize(
    ("subject", "body", "headers"),
    [
        ("Re: A question", "This came back, see below.\n\n> Hi. This is the qmail-send program at mx.example.\n> <a@b.test>:\n"
                           "> Sorry, no mailbox here by that name.\n", "In-Reply-To: <abc@brightpath.test>\n"),
        ("Re: Undelivered Mail Returned to Sender", "I got this when I wrote to you:\nThis is the mail system at host x.\n", ""),
        ("Fwd: Delivery Status Notification (Failure)", "Do you know what this is?\nDelivery to the following recipient failed"
                                                        " permanently: bob@x.test\n", ""),
        ("Your parcel", "Your parcel could not be delivered, please choose a new day.\n", ""),
        ("Delivery problem", "The pallets could not be delivered on Monday.\n", ""),
        ("Question", "The mailbox of our old building is full, please write to the new one.\n", ""),
        ("Look", "On Monday Bob wrote:\nThis is the mail system at host x. I'm sorry to have to inform you\n", ""),
    ],
)  # fmt: skip
def test_letters_that_quote_or_resemble_a_bounce_stay_letters(subject: str, body: str, headers: str) -> None:
    assert verdict("Anna <anna@acme.test>", subject, body, headers).kind is Kind.HUMAN_REPLY


def test_robots_and_admins_who_write_of_other_things_are_not_servers() -> None:
    parcel = verdict(
        "noreply@parcels.test", "Delivery notification", "Your parcel could not be delivered. Call 550 123.\n"
    )
    phishing = verdict(
        "Mail Administrator <admin@x.test>", "Your mailbox is full", "Your mailbox is full, click here.\n"
    )
    postmaster = verdict("postmaster@acme.test", "Re: A question", "The message you sent was interesting.\n")
    assert Kind.BOUNCE not in {parcel.kind, phishing.kind, postmaster.kind}


@pytest.mark.parametrize(
    ("subject", "text", "category"),
    [
        (
            "Recapito non riuscito",
            "Il recapito del messaggio al seguente destinatario non è riuscito:\n\n  rossi@ditta.example\n\nLa casella di posta non "
            "esiste.",
            Category.BAD_MAILBOX,
        ),
        (
            "Errore di consegna",
            "Il messaggio per rossi@ditta.example è stato rifiutato: destinatario inesistente.",
            Category.BAD_MAILBOX,
        ),
        (
            "Notifica sullo stato del recapito",
            "Recapito ai seguenti destinatari fallito: rossi@ditta.example. Quota superata.",
            Category.MAILBOX_FULL,
        ),
        (
            "Consegna non riuscita",
            "Non è stato possibile consegnare il messaggio a rossi@ditta.example. La casella è disattivata.",
            Category.INACTIVE_MAILBOX,
        ),
    ],
)
def test_italian_reports_without_any_header(subject: str, text: str, category: Category) -> None:
    found = verdict("postmaster@ditta.example", subject, text)
    assert (found.kind, found.category, found.recipients) == (Kind.BOUNCE, category, ("rossi@ditta.example",))


@pytest.mark.parametrize(
    "sender", ["postmaster@x.example", "Mail <MAILER-DAEMON@x.example>", "mailer-daemon@x.example"]
)
@pytest.mark.parametrize(
    "text", ["Sounds good, call me.", "Something strange has happened to it.", "How do I unsubscribe Bob?"]
)
def test_nothing_that_a_server_writes_in_its_own_name_is_an_answer(sender: str, text: str) -> None:
    assert verdict(sender, "Re: A question", text).kind is Kind.OTHER


def test_an_address_within_a_text_without_spaces_is_only_the_address() -> None:
    found = verdict("postmaster@mx.example", "系统退信", "收件人邮件地址（anna@acme.test）不存在，邮件无法送达。\n")  # noqa: RUF001
    assert found.recipients == ("anna@acme.test",)


def test_an_absence_with_an_empty_return_path_is_an_absence() -> None:
    found = verdict("Anna <anna@acme.test>", "Out of office: A question", "I am away until 2026-12-07.\n",
                    "Return-Path: <>\nAuto-Submitted: auto-replied\n")  # fmt: skip
    assert found.kind is Kind.AUTO_REPLY


def test_unsubscribing_by_a_mail_program_is_an_opt_out_though_it_calls_itself_automatic() -> None:
    headers = "Auto-Submitted: auto-replied\n"
    assert verdict("anna@acme.test", "unsubscribe", "Sent by Mail.\n", headers).kind is Kind.OPT_OUT
    assert (
        verdict("anna@acme.test", "x", "Sent by Mail.\n", headers + "X-Apple-Unsubscribe: true\n").kind is Kind.OPT_OUT
    )


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("staff@hotmail.com", "complaint about message from 192.0.2.1", ""),
        (
            "fbl@provider.test",
            "FW: A question",
            "This is an email abuse report for an email message received from 192.0.2.1",
        ),
    ],
)
def test_complaints_without_the_standard_part(sender: str, subject: str, text: str) -> None:
    body = parts(
        ("text/plain", text), ("message/rfc822", f"X-HmXmrOriginalRecipient: <anna@acme.test>\n{RETURNED}\nHi\n")
    )
    found = verdict(sender, subject, body, 'Content-Type: multipart/mixed; boundary="b"\n')
    assert (found.kind, found.recipients) == (Kind.COMPLAINT, ("anna@acme.test",))
    assert found.original_message_ids == ("<abc@brightpath.test>",)


@pytest.mark.parametrize(
    "body",
    [
        "<" * 200_000, "a@b." * 50_000, "a" * 300_000 + "@", "to: " * 60_000, " " * 300_000 + "x", "x@y.test... " * 20_000,
        "Subject: a\n" * 30_000, "said: 550 " * 30_000, "following recipient" * 20_000, "\n" * 300_000, "Received: x\n" * 30_000,
        "message-id: " * 30_000, "((expanded from: " * 20_000, "original message" * 20_000, "-" * 300_000,
    ],
)  # fmt: skip
def test_hostile_reports_cost_little(body: str) -> None:
    began = time.process_time()
    verdict("MAILER-DAEMON@mx.example", "Undelivered", body)
    report("Final-Recipient: rfc822; " + body[:50_000] + "\nAction: failed\n", text=body)
    assert time.process_time() - began < 1
