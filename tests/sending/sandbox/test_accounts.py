"""Accounts from the command line and from a file; what cannot be one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sending.sandbox.accounts import BadAccounts, accounts_of, read_accounts


def test_accounts_of_words_are_in_lower_case_and_passwords_may_hold_colons() -> None:
    assert accounts_of(["Me@Acme.test:a:B"]) == {"me@acme.test": "a:B"}
    assert accounts_of([]) == {}


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("me@acme.test", "write it as address:password"),
        ("me:secret", "cannot be an account"),
        ("../../etc@acme.test:x", "cannot be an account"),
        ("a/b@acme.test:x", "cannot be an account"),
        ("a@x..test:x", "cannot be an account"),
        ("a@x.test\nroot@x.test:x", "cannot be an account"),
        (".hidden@acme.test:x", "cannot be an account"),
        ("me@acme.test:", "needs a password"),
        ("me@acme.test:a\nb", "needs a password"),
    ],
)
def test_what_cannot_be_an_account_is_told(word: str, why: str) -> None:
    with pytest.raises(BadAccounts, match=why):
        accounts_of([word])


def test_accounts_are_read_from_their_file(tmp_path: Path) -> None:
    assert read_accounts(tmp_path) == {}
    (tmp_path / "accounts.json").write_text('{"Me@acme.test": "sécret"}', encoding="utf-8")
    assert read_accounts(tmp_path) == {"me@acme.test": "sécret"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"me@acme.test": 5}', b"[" * 100_000])
def test_a_file_that_holds_no_accounts_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "accounts.json").write_bytes(content)
    with pytest.raises(BadAccounts, match=r"accounts\.json"):
        read_accounts(tmp_path)
