"""What is filled into the form of a mailbox, and what a person has typed and keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.imap import Protocol
from sending.mailboxes.discovery import How
from sending.mailboxes.filling import fill, filled_before, servers_of
from sending.mailboxes.presets import preset_named

DEFAULTS = {"smtp_port": "587", "smtp_security": "starttls", "imap_port": "993", "imap_security": "tls"}
NAMES = [f"{protocol}_{part}" for protocol in ("smtp", "imap") for part in ("host", "port", "security", "username")]
texts = st.sampled_from(["", "a", "b", "587", "465", "me@acme.test", " "])
forms = st.fixed_dictionaries(dict.fromkeys(NAMES, texts))


def of(preset_id: str, address: str = "me@acme.test", reading: Protocol = Protocol.IMAP) -> dict[str, str]:
    preset = preset_named(preset_id)
    assert preset
    return servers_of(preset, address, reading)


def test_an_empty_form_is_filled_whole() -> None:
    assert of("web-de", "ada@web.de") == {
        "smtp_host": "smtp.web.de",
        "smtp_port": "465",
        "smtp_security": "tls",
        "smtp_username": "ada",
        "imap_host": "imap.web.de",
        "imap_port": "993",
        "imap_security": "tls",
        "imap_username": "ada",
    }
    filled = fill(DEFAULTS, of("web-de"), DEFAULTS, replace=False)
    assert (filled.values, filled.kept) == (of("web-de"), ())


def test_what_was_filled_in_for_another_address_is_filled_in_anew() -> None:
    typed = of("gmail", "me@gmail.com")
    filled = fill(typed, of("web-de"), filled_before("gmail", "me@gmail.com", "imap"), replace=False)
    assert (filled.values, filled.kept) == (of("web-de"), ())


def test_a_host_typed_by_hand_keeps_its_whole_server_and_the_other_is_filled() -> None:
    typed = DEFAULTS | {"smtp_host": "relay.acme.test", "smtp_username": "acme"}
    filled = fill(typed, of("gmail"), DEFAULTS, replace=False)
    assert filled.values == {name: value for name, value in of("gmail").items() if name.startswith("imap")}
    assert [(one.label, one.mine, one.theirs) for one in filled.kept] == [
        ("SMTP host", "relay.acme.test", "smtp.gmail.com")
    ]


def test_a_port_typed_by_hand_keeps_the_security_that_belongs_to_it() -> None:
    typed = DEFAULTS | {"smtp_port": "2525", "imap_username": "acme-imap"}
    filled = fill(typed, of("gmail"), DEFAULTS, replace=False)
    assert {name: typed.get(name) for name in NAMES if name not in filled.values} == {
        "smtp_port": "2525",
        "smtp_security": "starttls",
        "imap_username": "acme-imap",
    }
    assert [(one.label, one.mine, one.theirs) for one in filled.kept] == [
        ("SMTP port", "2525", "465"),
        ("SMTP security", "STARTTLS", "TLS"),
        ("User name for reading", "acme-imap", "me@acme.test"),
    ]


def test_a_stored_mailbox_has_no_defaults_that_might_be_replaced() -> None:
    typed = of("gmail") | {"smtp_port": "587", "smtp_security": "starttls"}
    filled = fill(typed, of("gmail"), {}, replace=False)
    assert [one.label for one in filled.kept] == ["SMTP port", "SMTP security"]


def test_the_same_host_in_other_letters_is_the_same() -> None:
    filled = fill({"smtp_host": " SMTP.Gmail.com "}, of("gmail"), {}, replace=False)
    assert (filled.values["smtp_host"], filled.kept) == ("smtp.gmail.com", ())


@given(forms, forms, forms)
def test_nothing_typed_is_overwritten_unless_it_was_ours_and_all_of_it_is_told(
    typed: dict[str, str], theirs: dict[str, str], ours: dict[str, str]
) -> None:
    filled = fill(typed, theirs, ours, replace=False)
    for name, value in filled.values.items():
        assert value == theirs[name]
        assert typed[name].strip() in {"", ours[name], theirs[name]}
    left = {name for name in NAMES if name not in filled.values and typed[name].strip() != theirs[name]}
    told = {"smtp" if one.label.startswith("SMTP") else "imap" for one in filled.kept}
    assert {name.partition("_")[0] for name in left} <= told


@given(forms, forms, forms)
def test_a_person_who_says_so_gets_all_of_it(
    typed: dict[str, str], theirs: dict[str, str], ours: dict[str, str]
) -> None:
    filled = fill(typed, theirs, ours, replace=True)
    assert (filled.values, filled.kept) == (theirs, ())


@pytest.mark.parametrize(("preset_id", "address"), [("", ""), ("unheard-of", "me@acme.test"), ("gmail", "")])
def test_a_form_that_was_tampered_with_had_nothing_filled_in(preset_id: str, address: str) -> None:
    assert filled_before(preset_id, address, "imap") == {}


def test_what_was_filled_in_for_pop3_is_known_as_ours() -> None:
    typed = of("gmail", "me@gmail.com", Protocol.POP3)
    assert typed["imap_host"] == "pop.gmail.com"
    assert typed == filled_before("gmail", "me@gmail.com", "pop3")


def test_where_no_pop3_server_is_known_imap_was_filled_in() -> None:
    assert of("web-de", "ada@web.de", Protocol.POP3) == of("web-de", "ada@web.de")
    assert filled_before("web-de", "ada@web.de", "pop3") == of("web-de", "ada@web.de")


def test_a_guess_is_remembered_like_a_provider() -> None:
    assert filled_before(How.GUESS, "me@acme.test", "")["smtp_host"] == "mail.acme.test"
