"""Tokens are short, of one purpose and one key ring, and give nothing away."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit import tokens
from outreach.kit.crypto import Keyring, new_key
from outreach.kit.tokens import LONGEST, Signer

OLD, NEW = new_key(), new_key()
SIGNER = Signer(Keyring([NEW]))
NUMBER = st.integers(min_value=0, max_value=2**63 - 1)


@given(numbers=st.lists(NUMBER, min_size=1, max_size=3))
def test_what_was_signed_is_read_again_and_fits_into_an_address(numbers: list[int]) -> None:
    token = SIGNER.sign("click", *numbers)
    assert len(token) <= LONGEST
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert SIGNER.read("click", token, count=len(numbers)) == tuple(numbers)
    assert SIGNER.sign("click", *numbers) == token, "a retry is the same message"


def test_a_token_of_an_old_and_a_large_instance_is_short() -> None:
    assert len(SIGNER.sign("click", 12, 34)) == 26
    assert len(SIGNER.sign("click", 50_000_000, 2_000_000)) <= 34


@given(numbers=st.lists(NUMBER, min_size=2, max_size=2), data=st.data())
def test_no_flipped_bit_passes(numbers: list[int], data: st.DataObject) -> None:
    raw = urlsafe_b64decode(padded(SIGNER.sign("click", *numbers)))
    bit = data.draw(st.integers(min_value=0, max_value=len(raw) * 8 - 1))
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    assert SIGNER.read("click", urlsafe_b64encode(changed).decode().rstrip("="), count=2) is None


def test_each_flipped_bit_of_one_token_is_refused_also_those_that_stand_for_nothing() -> None:
    token = SIGNER.sign("open", 123_456)
    for at, sign in enumerate(token):
        for bit in range(7):
            other = token[:at] + chr(ord(sign) ^ 1 << bit) + token[at + 1 :]
            assert SIGNER.read("open", other, count=1) is None, other


@given(text=st.text(max_size=120))
def test_no_text_of_anybody_passes_or_fails(text: str) -> None:
    assert SIGNER.read("click", text, count=2) is None


def test_a_token_is_of_no_other_purpose_count_or_instance() -> None:
    token = SIGNER.sign("click", 7, 8)
    assert SIGNER.read("opt-out", token, count=2) is None
    assert SIGNER.read("click", token, count=1) is None
    assert SIGNER.read("click", token, count=3) is None
    assert Signer(Keyring([OLD])).read("click", token, count=2) is None
    for longer in (token + "=", token + "A", " " + token, token + "\n"):
        assert SIGNER.read("click", longer, count=2) is None


def test_an_old_key_is_verified_by_and_no_longer_signs() -> None:
    before, after = Signer(Keyring([OLD])), Signer(Keyring([NEW, OLD]))
    token = before.sign("opt-out", 7, 8)
    assert after.read("opt-out", token, count=2) == (7, 8)
    assert after.sign("opt-out", 7, 8) == SIGNER.sign("opt-out", 7, 8) != token
    assert SIGNER.read("opt-out", token, count=2) is None, "its key is gone"


def test_the_keys_of_two_purposes_have_nothing_in_common() -> None:
    ring = Keyring([NEW])
    assert ring.derived("token: click") != ring.derived("token: open")
    assert ring.derived("token: click") == Keyring([NEW]).derived("token: click")
    assert ring.derived("x")[0].hex()[:32] not in ring.prints("", purpose="x")


@pytest.mark.parametrize("wrong", ["signature", "key", "length", "spelling"])
def test_a_wrong_token_takes_the_same_work_whatever_is_wrong_with_it(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer(Keyring([NEW, OLD]))
    token = signer.sign("click", 50_000_000, 2_000_000)
    raw = bytearray(urlsafe_b64decode(padded(token)))
    if wrong == "signature":
        raw[-1] ^= 1
    elif wrong == "key":
        raw[0] ^= 1
    elif wrong == "length":
        del raw[4:]
    other = urlsafe_b64encode(raw).decode().rstrip("=") if wrong != "spelling" else "%" * len(token)

    work: list[str] = []

    def counted(name: str) -> None:
        real = getattr(tokens, name)

        def counting(*values: Any) -> Any:
            work.append(name)
            return real(*values)

        monkeypatch.setattr(tokens, name, counting)

    counted("digest")
    counted("compare_digest")
    assert signer.read("click", token, count=2) == (50_000_000, 2_000_000)
    of_a_right_one, work[:] = list(work), []
    assert signer.read("click", other, count=2) is None
    assert work == of_a_right_one == ["digest", "compare_digest"], "it must not be refused at sight"


def padded(token: str) -> str:
    return token + "=" * (-len(token) % 4)
