"""The senders of a campaign: who carries it, by which rotation, with which weights; and the same in a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing.rotation import Rotation
from sending.planner.models import CampaignMailbox
from sending.planner.queries import rotation_of, weights_of
from sending.planner.services import set_senders
from tests.browser.walker import NARROW, WIDE, browser
from tests.builders import make_member, make_running_campaign
from tests.sending.planner.pages import page_of, read, save, signed_in, text_of
from tests.sending.planner.stage import make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


def make_carried(member: Member) -> tuple[Campaign, list[Mailbox]]:
    boxes = [
        make_sender(member, "anna@gmail.com", smtp_host="smtp.gmail.com", daily_limit=30, hourly_limit=8),
        make_sender(member, "ben@acme.example", daily_limit=30, hourly_limit=8, ramp_on=True),
        make_sender(member, "out@acme.example", state=MailboxState.PAUSED, smtp_host="smtp.office365.com"),
    ]
    return make_running_campaign(member, make_people(member, 3), tuple(boxes)), boxes


def test_rotation_and_weights_are_saved_and_shown_again() -> None:
    member = make_team()
    campaign, (anna, ben, out) = make_carried(member)
    assert rotation_of(campaign) is Rotation.EVEN
    answer = save(
        member, "senders", campaign.pk, mailboxes=[anna.pk, ben.pk], rotation="weighted", sure="1",
        **{f"weight_{anna.pk}": 3, f"weight_{ben.pk}": 1, f"weight_{out.pk}": 7},
    )  # fmt: skip
    assert answer.status_code == 302
    assert rotation_of(campaign) is Rotation.WEIGHTED
    assert weights_of(campaign) == {anna.pk: 3, ben.pk: 1}
    page = page_of(signed_in(member).get(member.url("planner:senders", campaign.pk)))
    assert 'value="weighted" checked' in page
    assert f'name="weight_{anna.pk}" value="3"' in page


def test_what_is_not_sent_stays_as_it_is() -> None:
    member = make_team()
    campaign, (anna, ben, _) = make_carried(member)
    set_senders(member, campaign, [anna.pk, ben.pk], rotation=Rotation.WEIGHTED, weights={anna.pk: 3})
    CampaignMailbox.objects.filter(mailbox=anna).update(moved=4.0)
    assert save(member, "senders", campaign.pk, mailboxes=[anna.pk, ben.pk], sure="1").status_code == 302
    assert (rotation_of(campaign), weights_of(campaign)[anna.pk]) == (Rotation.WEIGHTED, 3)
    assert CampaignMailbox.objects.get(mailbox=anna).moved == 4.0, "the turns go on"


def test_another_weight_lets_the_turns_begin_anew() -> None:
    member = make_team()
    campaign, (anna, ben, _) = make_carried(member)
    set_senders(member, campaign, [anna.pk, ben.pk], rotation=Rotation.WEIGHTED)
    CampaignMailbox.objects.update(moved=4.0, is_keen=False)
    set_senders(member, campaign, [anna.pk, ben.pk], weights={ben.pk: 2})
    assert set(CampaignMailbox.objects.values_list("moved", "is_keen")) == {(0.0, True)}


@pytest.mark.parametrize("weight", ["0", "101", "-1", "x"])
def test_a_weight_out_of_range_is_refused_beside_its_field_and_nothing_is_saved(weight: str) -> None:
    member = make_team()
    campaign, (anna, ben, _) = make_carried(member)
    answer = save(
        member, "senders", campaign.pk, mailboxes=[anna.pk], rotation="weighted", **{f"weight_{anna.pk}": weight}
    )
    assert answer.status_code == 422
    page = page_of(answer)
    assert f'id="id_weight_{anna.pk}_error"' in page
    assert f'value="{ben.pk}" checked' not in page, "what was ticked stays ticked"
    assert (rotation_of(campaign), len(weights_of(campaign))) == (Rotation.EVEN, 3)


def test_a_weight_that_decides_nothing_is_passed_over() -> None:
    member = make_team()
    campaign, (anna, *_) = make_carried(member)
    typed = {f"weight_{anna.pk}": "500"}
    assert (
        save(member, "senders", campaign.pk, mailboxes=[anna.pk], rotation="even", sure="1", **typed).status_code == 302
    )
    assert weights_of(campaign) == {anna.pk: 1}


def test_an_unknown_rotation_is_refused() -> None:
    member = make_team()
    campaign, (anna, *_) = make_carried(member)
    answer = save(member, "senders", campaign.pk, mailboxes=[anna.pk], rotation="random")
    assert answer.status_code == 422
    assert "random is not one of the available choices" in text_of(answer)


def test_the_page_says_whose_people_are_matched() -> None:
    member = make_team()
    campaign, (_, ben, _) = make_carried(member)
    assert "active mailboxes at Google." in read(member, "senders", campaign.pk), "the one at Microsoft is paused"
    set_senders(member, campaign, [ben.pk])
    assert "None of the chosen mailboxes is an active one at Google" in read(member, "senders", campaign.pk)


def test_a_viewer_sees_the_rotation_and_no_button() -> None:
    member = make_team()
    campaign, _ = make_carried(member)
    viewer = make_member(member.workspace, Role.VIEWER)
    text = read(viewer, "senders", campaign.pk)
    assert "By weights" in text
    assert "Save senders" not in text
    for one, is_frozen in ((viewer, True), (member, False)):
        html = page_of(signed_in(one).get(one.url("planner:senders", campaign.pk)))
        fields = re.findall(r'<input[^>]*name="(?:mailboxes|rotation|weight_\d+)"[^>]*>', html)
        assert len(fields) > 4
        assert {"disabled" in field for field in fields} == {is_frozen}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_weights_show_where_weights_decide(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_team()
    campaign, (anna, *_) = make_carried(member)
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=width, dark=dark, themes=True) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(member.url("planner:senders", campaign.pk))
        weight = walker.page.get_by_label("Weight of anna@gmail.com")
        assert not weight.is_visible()
        walker.page.get_by_label("By weights").check()
        weight.fill("500")
        walker.submit("Save senders")
        assert walker.page.get_by_text("less than or equal to 100").is_visible()
        weight.fill("5")
        walker.submit("Save senders")
        assert walker.page.get_by_text("of weight 5").is_visible()
        assert weights_of(campaign)[anna.pk] == 1, "it is shown first"
        walker.submit("Save these senders")
        assert weight.input_value() == "5"
    assert weights_of(campaign)[anna.pk] == 5
