"""The classifier against labelled mails from the world, where that data lies beside the project."""

from __future__ import annotations

import pytest

from sending.bounces import classify_line, classify_mail, parse_mail
from sending.bounces.command import as_told
from tests.sending.bounces.labelled import DATA, Scores, score

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="the labelled mails are not beside this clone (../shared/data/bounces)"
)


@pytest.fixture(scope="module")
def mails() -> Scores:
    return score(lambda raw: as_told(classify_mail(parse_mail(raw))), kind="mail")


@pytest.fixture(scope="module")
def lines() -> Scores:
    return score(lambda raw: as_told(classify_line(raw.decode())), kind="line")


def test_nearly_every_labelled_bounce_is_recognised(mails: Scores) -> None:
    assert mails.share("detect") >= 0.99


def test_ordinary_mail_is_never_taken_for_a_bounce_or_a_complaint(mails: Scores) -> None:
    assert mails.share("FP") == 0


def test_complaints_and_absences_are_recognised(mails: Scores) -> None:
    assert mails.share("fbl") >= 0.87
    assert mails.share("auto") >= 0.9


def test_recipients_types_and_categories_are_right(mails: Scores) -> None:
    assert mails.share("rcpt") >= 0.975
    assert mails.share("type") >= 0.97
    assert mails.share("reason") >= 0.95


def test_an_address_is_hardly_ever_condemned_for_another_reason(mails: Scores, lines: Scores) -> None:
    assert mails.share("hardP") >= 0.985
    assert mails.share("hardR") >= 0.955
    assert lines.share("hardP") >= 0.99


def test_replies_have_the_right_category(lines: Scores) -> None:
    assert lines.share("reason") >= 0.92
    assert lines.share("type") >= 0.95
