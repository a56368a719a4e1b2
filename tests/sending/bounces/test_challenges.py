"""Programs that ask who wrote are no answers, absences or failures; reports on authentication are no complaints."""

from __future__ import annotations

import pytest

from sending.bounces import Category, Kind, classify_mail, parse_mail


def kind_of(text: str, *, subject: str = "Re: Our offer", **headers: str) -> Kind:
    fields = {"From": "Anna <anna@kunde.example>", "To": "me@acme.example", "Subject": subject}
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return classify_mail(parse_mail(f"{head}\n\n{text}\n".encode())).kind


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("Hello, Anna uses Boxbe to protect her inbox. Your message is waiting. https://boxbe.example/c/1", {}),
        ("Spam Arrest: to verify yourself as a sender click here https://spamarrest.example/a", {}),
        (
            "Your message has been held. To prove that you are a real person, reply to this mail.",
            {"auto_submitted": "auto-replied"},
        ),
        (
            "Ihre Nachricht wird zurückgehalten. Bitte bestätigen Sie über den Link, dass Sie ein Mensch sind: https://x.example",
            {"auto_submitted": "auto-generated"},
        ),
        ("Votre message est en attente. Authentifiez-vous : https://mailinblack.example/x", {"precedence": "bulk"}),
        ("Su mensaje está retenido. Confirme que no es un robot: https://x.example/c", {"return_path": "<>"}),
        (
            "Il messaggio è in attesa. Conferma che sei una persona: clicca https://x.example/c",
            {"auto_submitted": "auto-replied"},
        ),
        ("Sua mensagem foi retida pelo AntiSpam UOL. Clique para confirmar: https://uol.example/x", {}),
    ],
)
def test_a_challenge_is_its_own_kind(text: str, headers: dict[str, str]) -> None:
    assert kind_of(text, **headers) is Kind.CHALLENGE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Please confirm your message about Tuesday, I am waiting for the address.", Kind.HUMAN_REPLY),
        (
            "I've put you on my guest list, click on the link if you come. Not yet been delivered: the badges.",
            Kind.HUMAN_REPLY,
        ),
        ("> Anna uses Boxbe to protect her inbox.\n\nWhat is this? I never installed it.", Kind.HUMAN_REPLY),
        ("Ist Ihr Angebot noch gültig? Bitte bestätigen Sie den Termin.", Kind.HUMAN_REPLY),
    ],
)
def test_who_asks_to_confirm_something_is_a_person(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


def test_an_absence_stays_one() -> None:
    assert kind_of("I am out of office until 12 January.", auto_submitted="auto-replied") is Kind.AUTO_REPLY


def report(fields: str) -> bytes:
    return f"""From: reporter@receiver.example
Subject: FW: Our offer
Message-ID: <r-1@receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an authentication failure report for a mail from acme.example.
--b
Content-Type: message/feedback-report

{fields}
--b
Content-Type: text/rfc822-headers

From: me@acme.example
To: anna@kunde.example
Message-ID: <abc123@acme.example>
--b--
""".encode()


AUTH = "Auth-Failure: dmarc\nDelivery-Result: reject\nReported-Domain: acme.example\nSource-IP: 192.0.2.1\n"


@pytest.mark.parametrize(
    "fields",
    [
        f"Feedback-Type: auth-failure\nVersion: 1\nUser-Agent: R/1\n{AUTH}",
        f"Feedback-Type: dmarc\nVersion: 1\nUser-Agent: R/1\n{AUTH}",
        f"Version: 1\nUser-Agent: R/1\n{AUTH}",
    ],
)
def test_a_report_on_authentication_is_no_complaint(fields: str) -> None:
    verdict = classify_mail(parse_mail(report(fields)))
    assert (verdict.kind, verdict.category) == (Kind.OTHER, Category.NONE)
    assert verdict.evidence[0].rule == "auth-failure"
    assert "Auth-Failure: dmarc; Delivery-Result: reject; Reported-Domain: acme.example" in verdict.evidence[0].words
    assert verdict.original_message_ids == ("<abc123@acme.example>",)


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "other", "opt-out"])
def test_all_other_feedback_is_a_complaint(kind: str) -> None:
    raw = report(f"Feedback-Type: {kind}\nVersion: 1\nUser-Agent: R/1\n")
    assert classify_mail(parse_mail(raw)).kind is Kind.COMPLAINT
