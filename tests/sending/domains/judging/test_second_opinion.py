"""What checkdmarc says of the same set-ups: it agrees wherever both judge, but for what is named here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from checkdmarc.dmarc import check_dmarc
from checkdmarc.spf import check_spf

from sending.domains.judging.findings import Check
from tests.dnsserver import FakeDns
from tests.sending.domains.judging.setups import SETUPS, ZONE, SetUp

_ASK: Mapping[Check, Callable[..., Any]] = {Check.SPF: check_spf, Check.DMARC: check_dmarc}
# What receivers cannot read, or do not find.
_WRONG = {"missing", "broken", "too_many_lookups", "too_many_voids", "many", "no_policy"}
_OTHERWISE = {
    "spf-capitals": "Words of the grammar have no case (RFC 5234 section 2.3), so V=SPF1 is a version.",
    "dmarc-bad-reports": "What is no address for reports is passed over; the policy stands (RFC 9989 section 4.7).",
    "dmarc-no-policy": "RFC 9989 takes it for p=none; receivers by the older standard take it for no record.",
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDns]:
    logging.getLogger("checkdmarc").setLevel(logging.CRITICAL)
    with FakeDns(ZONE) as running:
        yield running


def both_judge() -> list[tuple[SetUp, Check]]:
    return [(one, check) for one in SETUPS for check in _ASK if check in one.finds]


@pytest.mark.parametrize(("set_up", "check"), both_judge(), ids=lambda one: getattr(one, "name", str(one)))
def test_checkdmarc_agrees_about_what_receivers_can_read(server: FakeDns, set_up: SetUp, check: Check) -> None:
    theirs = _ASK[check](set_up.domain, resolver=server.resolver())
    is_right = not (_WRONG & set_up.finds[check])
    assert (theirs["valid"] == is_right) is (set_up.name not in _OTHERWISE), theirs


def test_it_is_asked_about_most_of_them() -> None:
    assert len(both_judge()) >= 50
