"""Where a reason leads: each that somebody can change to its page, an end to none."""

from __future__ import annotations

import pytest

from sending.pacing import DropCode, HoldCode
from sending.pacing.history import Cause
from sending.planner.explain.places import Place, place_of
from sending.planner.states import StopReason
from sending.reports.core import LATER


@pytest.mark.parametrize("code", [*HoldCode, *Cause])
def test_each_hold_and_each_cause_has_a_place(code: str) -> None:
    assert place_of(code, campaign_id=7, mailbox_id=8, contact_id=9) is not None


@pytest.mark.parametrize("code", [*sorted({one.value for one in StopReason} - {one.value for one in DropCode}), LATER])
def test_an_end_leads_nowhere_since_nothing_is_set_there(code: str) -> None:
    assert place_of(code, campaign_id=7, mailbox_id=8, contact_id=9) is None


@pytest.mark.parametrize("code", [*HoldCode, *Cause])
def test_of_a_campaign_alone_each_leads_to_a_page_of_its_own_or_to_whom_it_holds(code: str) -> None:
    place = place_of(code, campaign_id=7)
    assert place is not None
    assert place.pk in {7, None}


def test_what_is_set_with_a_person_leads_to_everybody_whom_it_holds() -> None:
    assert place_of(HoldCode.ABSENT, campaign_id=7) == Place("planner:people", 7, "See its people", "hold=absent")
    assert place_of(Cause.UNDER_WAY, campaign_id=7) == Place("reports:messages", None, "See its messages", "campaign=7")


def test_who_was_left_out_for_an_address_is_mended_there_and_all_of_them_are_found() -> None:
    assert place_of(DropCode.NO_MAIL, contact_id=9) == Place("contacts:edit", 9, "Mend the address")
    found = place_of(DropCode.NO_MAIL, campaign_id=7)
    assert found == Place("planner:people", 7, "See its people", "reason=no_mail")


def test_more_mailboxes_are_set_with_the_senders_of_a_campaign() -> None:
    assert place_of("", campaign_id=7) == Place("planner:senders", 7, "See its mailboxes")
