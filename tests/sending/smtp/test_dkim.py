"""What we sign verifies at others, here dkimpy; what is changed on the way does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sending.smtp import Message, build
from sending.smtp.dkim import BadKey, SigningKey, is_published, make_private_key, record_of, sign
from tests.sending.smtp.signatures import verifies

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PEM = make_private_key()
KEY = SigningKey("acme.example", "out2026", PEM)
LETTER = Message(
    from_name="Zoë Müller",
    from_address="zoe@acme.example",
    to_name="Ada",
    to_address="ada@x.example",
    subject="A question about your lighthouse, which we have seen from the sea; it is long enough to be folded",
    text="Hello Ada,\n\na  line  with   blanks \n\n\n",
    html="<p>Hello Ada, ünïcödé</p>",
    message_id="<one@acme.example>",
    date=AT,
    in_reply_to="<zero@acme.example>",
    references=("<zero@acme.example>",),
    list_unsubscribe="mailto:zoe@acme.example?subject=unsubscribe",
)


def test_a_signed_message_verifies_and_keeps_every_byte_of_its_own() -> None:
    content = build(LETTER)
    signed = sign(content, KEY, at=AT)
    assert verifies(signed, KEY)
    assert signed.endswith(content)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert max(map(len, signed.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


def test_the_same_message_and_instant_give_the_same_bytes() -> None:
    content = build(LETTER)
    assert sign(content, KEY, at=AT) == sign(content, KEY, at=AT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: Ada", b"To: Eve"),
        (b"Hello Ada", b"Hello Eve"),
        (b"From: ", b"From: Eve <eve@x.example>\r\nFrom: "),
        (b"From: ", b"Subject: Another\r\nFrom: "),
        (b"From: ", b"Reply-To: eve@x.example\r\nFrom: "),
        (b"From: ", b"Cc: eve@x.example\r\nFrom: "),
        (b"From: ", b"Content-Type: text/html; charset=utf-8\r\nFrom: "),
        (b"From: ", b"List-Unsubscribe: <https://x.example/eve>\r\nFrom: "),
        (b"List-Unsubscribe: ", b"List-Unsubscribe: <mailto:eve@x.example>, "),
        (b"In-Reply-To: <zero@", b"In-Reply-To: <other@"),
    ],
)
def test_what_is_changed_or_added_on_the_way_breaks_the_signature(old: bytes, new: bytes) -> None:
    signed = sign(build(LETTER), KEY, at=AT)
    head, _, rest = signed.partition(b"\r\nDate: ")
    tampered = head + b"\r\nDate: " + rest.replace(old, new, 1)
    assert tampered != signed
    assert not verifies(tampered, KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"To: Ada <", b"To:  Ada\r\n  <"), (b"blanks", b"blanks \t"), (b"Message-ID:", b"message-id: "), (b"", b"")],
)
def test_what_relays_do_to_blanks_and_folds_leaves_it_whole(old: bytes, new: bytes) -> None:
    content = build(Message(from_address="z@acme.example", to_name="Ada", to_address="ada@x.example", subject="Hi",
                            text="some blanks\nmore\n", message_id="<a@acme.example>", date=AT))  # fmt: skip
    signed = sign(content, KEY, at=AT)
    head, _, rest = signed.partition(b"\r\nDate: ")
    assert verifies(head + b"\r\nDate: " + rest.replace(old, new, 1) + b"\r\n\r\n", KEY)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200),
    html=st.none() | st.text("<p> \t\n\r.=ü", max_size=100),
)
def test_whatever_is_written_verifies(text: str, subject: str, html: str | None) -> None:
    letter = Message(
        from_address="z@acme.example", to_address="ada@x.example", subject=subject, text=text, html=html,
        message_id="<a@acme.example>", date=AT,
    )  # fmt: skip
    assert verifies(sign(build(letter), KEY, at=AT), KEY)


def test_the_record_names_the_selector_and_fits_a_zone_file() -> None:
    record = record_of(KEY)
    assert record.name == "out2026._domainkey.acme.example"
    pieces = record.quoted.split('" "')
    assert max(len(piece.strip('"')) for piece in pieces) <= 255
    assert "".join(piece.strip('"') for piece in pieces) == record.value


def test_a_published_record_is_known_whatever_its_blanks_and_order() -> None:
    value = record_of(KEY).value
    public = value.rpartition("p=")[2]
    assert is_published(KEY, value)
    assert is_published(KEY, f"p={public[:100]} {public[100:]}; k=rsa;v=DKIM1")
    other = record_of(SigningKey("acme.example", "out2026", make_private_key())).value
    for wrong in (other, "v=DKIM1; k=rsa; p=", "v=DKIM1; k=rsa", "p=%%%", ""):
        assert not is_published(KEY, wrong)


@pytest.mark.parametrize(
    ("domain", "selector", "pem"),
    [
        ("acme.example; x=y", "out", PEM),
        ("acme.example", "out\r\nBcc: eve@x.example", PEM),
        ("", "out", PEM),
        ("acme.example", "out", "no key"),
        ("acme.example", "out", PEM[: len(PEM) // 2]),
    ],
)
def test_a_key_that_cannot_sign_is_refused_when_it_is_made(domain: str, selector: str, pem: str) -> None:
    with pytest.raises(BadKey):
        SigningKey(domain, selector, pem)


def test_a_private_key_never_shows_in_its_words() -> None:
    assert "PRIVATE" not in repr(KEY)
