from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit.crypto import Keyring, SealBroken, new_key, reseal, seal, unseal

OLD, NEW, FOREIGN = new_key(), new_key(), new_key()
PLACE = "mailbox:17:smtp_password"


@given(st.text(), st.text())
def test_what_is_sealed_comes_back_unchanged(plaintext: str, context: str) -> None:
    keys = Keyring([NEW])
    assert unseal(keys, seal(keys, plaintext, context=context), context=context) == plaintext


def test_a_sealed_value_shows_neither_the_secret_nor_its_place() -> None:
    sealed = seal(Keyring([NEW]), "hunter2-hunter2", context=PLACE)
    assert b"hunter2" not in sealed
    assert b"mailbox" not in sealed


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    keys = Keyring([NEW])
    assert seal(keys, "secret", context=PLACE) != seal(keys, "secret", context=PLACE)


def test_a_sealed_value_cannot_be_moved_to_another_row() -> None:
    keys = Keyring([NEW])
    with pytest.raises(SealBroken, match="another place"):
        unseal(keys, seal(keys, "secret", context=PLACE), context="mailbox:18:smtp_password")


def test_a_sealed_value_cannot_be_moved_to_another_field_of_its_row() -> None:
    keys = Keyring([NEW])
    with pytest.raises(SealBroken, match="another place"):
        unseal(keys, seal(keys, "secret", context=PLACE), context="mailbox:17:imap_password")


def test_a_context_cannot_be_forged_from_within_the_secret() -> None:
    keys = Keyring([NEW])
    sealed = seal(keys, f'","{PLACE}', context="mailbox:18:smtp_password")
    with pytest.raises(SealBroken):
        unseal(keys, sealed, context=PLACE)


@pytest.mark.parametrize("position", [0, 1, 9, 30, 60, -2])
def test_a_changed_byte_is_noticed(position: int) -> None:
    keys = Keyring([NEW])
    sealed = bytearray(seal(keys, "secret", context=PLACE))
    sealed[position] = ord("B") if sealed[position] != ord("B") else ord("C")
    with pytest.raises(SealBroken):
        unseal(keys, bytes(sealed), context=PLACE)


@pytest.mark.parametrize("sealed", [b"", b"x", b"not a token at all", b"\xff\x00", b"gAAAAA=="])
def test_what_is_no_sealed_value_is_named_so(sealed: bytes) -> None:
    with pytest.raises(SealBroken, match="no key"):
        unseal(Keyring([NEW]), sealed, context=PLACE)


def test_an_old_key_still_opens_after_a_rotation_and_a_foreign_one_does_not() -> None:
    sealed = seal(Keyring([OLD]), "secret", context=PLACE)
    assert unseal(Keyring([NEW, OLD]), sealed, context=PLACE) == "secret"
    with pytest.raises(SealBroken, match="no key"):
        unseal(Keyring([FOREIGN]), sealed, context=PLACE)


def test_resealing_takes_the_newest_key_so_that_the_old_one_can_go() -> None:
    keys = Keyring([NEW, OLD])
    sealed = seal(Keyring([OLD]), "secret", context=PLACE)
    fresh = reseal(keys, sealed, context=PLACE)
    with pytest.raises(SealBroken):
        unseal(Keyring([OLD]), fresh, context=PLACE)
    assert unseal(Keyring([NEW]), fresh, context=PLACE) == "secret"


def test_resealing_does_not_help_to_move_a_value() -> None:
    keys = Keyring([NEW, OLD])
    with pytest.raises(SealBroken):
        reseal(keys, seal(keys, "secret", context=PLACE), context="mailbox:18:smtp_password")


@pytest.mark.parametrize("keys", [[], ["short"], ["!" * 44], [NEW, "short"]])
def test_a_keyring_refuses_missing_and_malformed_keys(keys: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words are the library's
        Keyring(keys)


def test_a_keyring_does_not_print_its_keys() -> None:
    assert NEW not in repr(Keyring([NEW]))
