"""What is thought of an address, and how many of a list are likely to bounce."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.contacts.core.catch_all import Experience, chance, share_elsewhere, takes_any, total, words
from campaigns.contacts.core.kinds_of_address import is_disposable, is_free, is_role
from campaigns.contacts.core.mail_domains import DomainReason, Known, Look, known_after
from campaigns.contacts.core.prediction import Record, beta_below, beta_quantile, predicted
from campaigns.contacts.core.verdicts import VERDICT_LABELS, AddressVerdict, address_words, domain_words, verdict_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def known(reason: DomainReason, *hosts: str) -> Known:
    return known_after(Look(reason, hosts), None, now=NOW)


MAIL = known(DomainReason.MX, "mx.acme.example")


@pytest.mark.parametrize("local", ["info", "sales", "Info+fair", "info2", "sales-01", "no-reply", "kontakt"])
def test_offices_are_roles(local: str) -> None:
    assert is_role(local)


@pytest.mark.parametrize("local", ["ada", "ada.lovelace", "infomaniac", "salesman", "j.post", "p1", "r2", "x123456"])
def test_persons_are_no_roles(local: str) -> None:
    assert not is_role(local)


def test_throw_away_domains_are_known_with_what_lies_below_them_and_free_ones_apart() -> None:
    assert is_disposable("mailinator.com")
    assert is_disposable("x.mailinator.com")
    assert not is_disposable("gmail.com")
    assert is_free("gmail.com")
    assert not is_free("mailinator.com")
    assert not is_free("acme.example")


@pytest.mark.parametrize(
    ("key", "domain", "verdict"),
    [
        ("ada@acme.example", MAIL, AddressVerdict.VALID),
        ("info@acme.example", MAIL, AddressVerdict.ROLE),
        ("ada@acme.example", known(DomainReason.ADDRESS), AddressVerdict.RISKY),
        ("ada@acme.example", known(DomainReason.NULL_MX), AddressVerdict.NO_MAIL),
        ("info@acme.example", known(DomainReason.NULL_MX), AddressVerdict.NO_MAIL),
        ("ada@acme.example", known(DomainReason.NO_DOMAIN), AddressVerdict.UNKNOWN),
        ("ada@acme.example", known(DomainReason.UNANSWERED), AddressVerdict.UNKNOWN),
        ("ada@acme.example", None, AddressVerdict.UNKNOWN),
        ("info@acme.example", None, AddressVerdict.UNKNOWN),
        ("ada@mailinator.com", MAIL, AddressVerdict.DISPOSABLE),
        ("ada@mailinator.com", None, AddressVerdict.DISPOSABLE),
    ],
)
def test_the_worst_of_what_speaks_against_an_address_is_its_verdict(
    key: str, domain: Known | None, verdict: AddressVerdict
) -> None:
    assert verdict_of(key, domain) is verdict


def test_words_say_what_was_found() -> None:
    assert domain_words("acme.example", MAIL) == "The mail of acme.example goes to mx.acme.example."
    gate = known(DomainReason.MX, "eu-smtp-1.mimecast.com")
    assert domain_words("acme.example", gate) == (
        "The mail of acme.example goes to Mimecast (eu-smtp-1.mimecast.com), which filters it for another server."
    )
    assert "looked up once more" in domain_words("acme.example", known(DomainReason.NO_DOMAIN))
    assert "was not looked up yet" in domain_words("acme.example", None)
    for reason in DomainReason:
        assert domain_words("acme.example", known(reason, "mx.example")).startswith(("The ", "acme.example "))
    assert any("SMTPUTF8" in words for words in address_words("jürgen@acme.example"))
    assert any("free provider" in words for words in address_words("ada@gmail.com"))
    assert address_words("ada@acme.example") == []
    assert set(VERDICT_LABELS) == {"", *AddressVerdict}


def test_nobody_to_write_to_is_no_prediction() -> None:
    assert predicted({}, {}) is None
    assert predicted({AddressVerdict.NO_MAIL: 10, AddressVerdict.DISPOSABLE: 3}, {}) is None


def test_without_a_history_the_interval_is_wide_and_unchecked_lists_are_expected_to_bounce_more() -> None:
    valid, unchecked = predicted({AddressVerdict.VALID: 1_000}, {}), predicted({"": 1_000}, {})
    assert valid
    assert unchecked
    assert valid.likely == pytest.approx(0.02)
    assert unchecked.likely == pytest.approx(0.10)
    assert valid.high - valid.low > 0.04
    assert valid.tried == 0


def test_a_history_of_our_own_narrows_the_interval_around_what_happened() -> None:
    record = {AddressVerdict.VALID.value: Record(tried=5_000, bounced=25)}
    found = predicted({AddressVerdict.VALID: 100_000}, record)
    assert found
    assert 0.003 < found.low < 0.005 < found.high < 0.008
    assert found.tried == 5_000


def test_a_short_list_has_a_wider_interval_than_a_long_one_of_the_same_kind() -> None:
    record = {AddressVerdict.VALID.value: Record(tried=5_000, bounced=100)}
    few, many = predicted({AddressVerdict.VALID: 20}, record), predicted({AddressVerdict.VALID: 20_000}, record)
    assert few
    assert many
    assert few.low < many.low < many.high < few.high


@given(
    st.dictionaries(st.sampled_from(["", *AddressVerdict]), st.integers(0, 1_000_000)),
    st.dictionaries(
        st.sampled_from(["", *AddressVerdict]),
        st.integers(0, 100_000).flatmap(lambda n: st.builds(Record, st.just(n), st.integers(0, n))),
    ),
)
def test_the_likely_share_lies_inside_its_interval(counts: dict[str, int], records: dict[str, Record]) -> None:
    found = predicted(counts, records)
    if found is not None:
        assert 0 <= found.low < found.high <= 1
        assert found.low <= found.likely <= found.high
        assert 0 < found.likely < 1


@pytest.mark.parametrize(
    ("x", "a", "b", "mass"),
    [(0.5, 2, 2, 0.5), (0.25, 1, 1, 0.25), (0.2, 2, 3, 0.1808), (0.9, 2, 3, 0.9963), (0.1, 1, 49, 1 - 0.9**49)],
)
def test_the_beta_distribution_is_that_of_the_tables(x: float, a: float, b: float, mass: float) -> None:
    assert beta_below(x, a, b) == pytest.approx(mass, abs=1e-4)


@given(st.floats(0.01, 0.99), st.floats(0.5, 5_000), st.floats(0.5, 5_000))
def test_a_quantile_has_its_mass_below_it(p: float, a: float, b: float) -> None:
    assert beta_below(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-3)


def test_a_domain_that_refused_one_address_takes_not_any_however_many_it_took() -> None:
    assert chance(Experience(10_000, 1), 0.1) == 0.0
    assert not takes_any(Experience(10_000, 1), Experience(20_000, 1_000))


def test_the_more_addresses_a_domain_never_refuses_the_likelier_it_takes_any() -> None:
    # one in ten does not exist elsewhere: 0.2 / (0.2 + 0.8 * 0.9^14) = 0.522
    assert chance(Experience(14, 0), 0.1) == pytest.approx(0.522, abs=0.001)
    elsewhere = Experience(90, 9)
    assert takes_any(Experience(14, 0), total([elsewhere, Experience(14, 0)]))
    assert not takes_any(Experience(13, 0), total([elsewhere, Experience(13, 0)]))
    # Where half of the addresses are wrong three say it, and yet so few are no word about a domain.
    awful = Experience(1_000, 500)
    assert not takes_any(Experience(4, 0), total([awful, Experience(4, 0)]))
    assert takes_any(Experience(5, 0), total([awful, Experience(5, 0)]))


@given(st.integers(0, 5_000), st.floats(0.001, 0.9))
def test_chances_are_chances_and_grow_with_each_address(written: int, share: float) -> None:
    before, after = chance(Experience(written, 0), share), chance(Experience(written + 1, 0), share)
    assert 0 < before <= after <= 1


def test_how_many_addresses_do_not_exist_is_learnt_from_all_other_domains() -> None:
    assert share_elsewhere(Experience(0, 0), total([])) == pytest.approx(0.1)
    silent = Experience(300, 0)
    everywhere = total([Experience(500, 10), Experience(490, 9), silent])
    assert share_elsewhere(silent, everywhere) == pytest.approx(0.02)


def test_who_is_at_a_domain_that_takes_any_address_is_valid_in_name_only() -> None:
    assert verdict_of("ada@acme.example", MAIL, takes_any=True) is AddressVerdict.CATCH_ALL
    assert verdict_of("info@acme.example", MAIL, takes_any=True) is AddressVerdict.ROLE
    assert verdict_of("ada@acme.example", known(DomainReason.NULL_MX), takes_any=True) is AddressVerdict.NO_MAIL
    assert "refused none of 14 addresses" in words("acme.example", Experience(14, 0), is_any=True)
    assert "likely to take mail for any" in words("acme.example", Experience(14, 0), is_any=True)
    assert "2 did not exist" in words("acme.example", Experience(30, 2), is_any=False)
    assert words("acme.example", Experience(0, 0), is_any=False) == ""
