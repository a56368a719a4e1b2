"""Other senders of a launched campaign are shown before they count: who comes and goes, for whom, and the finish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from campaigns.sequences import effects
from campaigns.sequences.errors import IllegalMove, Overtaken
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing.rotation import Rotation
from sending.planner.forecast.foresight import foresee
from sending.planner.forecast.other_senders import Part, effects_of_senders
from sending.planner.models import CampaignMailbox, CampaignRotation, Enrollment
from sending.planner.queries import rotation_of, weights_of
from sending.planner.services import set_senders
from sending.planner.services.senders import Senders, check_senders
from tests.builders import make_running_campaign
from tests.campaigns.sequences.browser import form_to, send
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import signed_in, text_of
from tests.sending.planner.stage import make_people, make_sender, make_team

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_a_monday(db: None) -> object:
    with virtual_time():
        set_time(MONDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def boxes(member: Member) -> list[Mailbox]:
    """Two that carry the campaign and one that does not."""
    names = ("anna@acme.example", "ben@gmail.com", "cleo@acme.example")
    return [make_sender(member, name, daily_limit=4, tags=["sales"] if "cleo" in name else []) for name in names]


@pytest.fixture
def campaign(member: Member, boxes: list[Mailbox]) -> Campaign:
    """A campaign of 20 people, of whom anna has begun 3."""
    campaign = make_running_campaign(member, make_people(member, 20), tuple(boxes[:2]), steps=2)
    first = list(Enrollment.objects.order_by("pk").values_list("pk", flat=True)[:3])
    Enrollment.objects.filter(pk__in=first).update(
        mailbox=boxes[0], next_position=2, begun_at=MONDAY, last_sent_at=MONDAY, due_at=MONDAY + timedelta(days=3)
    )
    return campaign


@pytest.fixture
def client(member: Member) -> Client:
    return signed_in(member)


def test_it_is_shown_and_nothing_is_changed_until_somebody_is_sure(
    client: Client, member: Member, campaign: Campaign, boxes: list[Mailbox]
) -> None:
    anna, ben, cleo = boxes
    url = member.url("planner:senders", campaign.pk)
    shown = send(client, form_to(client.get(url).text, ""), url, mailboxes=[ben.pk, cleo.pk])
    assert shown.status_code == 200
    assert "<del>anna@acme.example" in shown.text
    assert "<ins>cleo@acme.example" in shown.text
    words = text_of(shown)
    assert "Not begun yet 17 begun by the new senders" in words
    assert "3 people have been begun from a mailbox that goes. Their follow-ups still come from it" in words
    assert "goes: begins nobody new 3 people keep it" in words
    assert set(weights_of(campaign)) == {anna.pk, ben.pk}
    back = send(client, form_to(shown.text, ""), url, look="1")
    assert (back.status_code, form_to(back.text, "").fields["mailboxes"]) == (200, [str(ben.pk), str(cleo.pk)])
    assert set(weights_of(campaign)) == {anna.pk, ben.pk}
    assert send(client, form_to(shown.text, ""), url, sure="1").status_code == 302
    assert set(weights_of(campaign)) == {ben.pk, cleo.pk}


def test_of_many_people_the_page_is_shown_before_the_forecasts_and_asks_for_them_by_itself(
    client: Client, member: Member, campaign: Campaign, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "AT_ONCE", 19)
    url = member.url("planner:senders", campaign.pk)
    with monkeypatch.context() as first:
        first.setattr("sending.planner.forecast.other_senders.foresee", None)  # nobody reckons
        shown = send(client, form_to(client.get(url).text, ""), url, mailboxes=[boxes[2].pk])
    words = text_of(shown)
    assert "Not begun yet 17 begun by the new senders" in words
    assert "Two forecasts are being reckoned" in words
    assert "When it is done" not in words
    assert 'hx-trigger="load"' in shown.text
    asked = send(client, form_to(shown.text, ""), url, reckon="1")
    told = text_of(asked)
    assert "When it is done As it stands" in told
    assert "being reckoned" not in told
    assert send(client, form_to(asked.text, ""), url, sure="1").status_code == 302
    assert set(weights_of(campaign)) == {boxes[2].pk}


def test_a_draft_and_what_changes_nothing_are_saved_at_once(
    client: Client, member: Member, campaign: Campaign, boxes: list[Mailbox]
) -> None:
    url = member.url("planner:senders", campaign.pk)
    assert send(client, form_to(client.get(url).text, ""), url).status_code == 302
    Campaign.objects.update(state=CampaignState.DRAFT, launched_at=None)
    assert send(client, form_to(client.get(url).text, ""), url, mailboxes=[boxes[2].pk]).status_code == 302
    assert set(weights_of(campaign)) == {boxes[2].pk}


def test_what_somebody_saved_meanwhile_is_refused_before_and_after_the_look(
    client: Client, member: Member, campaign: Campaign, boxes: list[Mailbox]
) -> None:
    url = member.url("planner:senders", campaign.pk)
    drawn = form_to(client.get(url).text, "")
    shown = form_to(send(client, drawn, url, mailboxes=[boxes[2].pk]).text, "")
    set_senders(member, campaign, [boxes[0].pk])
    for form, more in ((drawn, {"mailboxes": [boxes[2].pk]}), (shown, {"sure": "1"})):
        refused = send(client, form, url, **more)
        assert (refused.status_code, "Somebody else saved these senders" in refused.text) == (422, True)
    assert set(weights_of(campaign)) == {boxes[0].pk}
    with pytest.raises(Overtaken):
        check_senders(campaign, Senders([]), seen="of before")
    Campaign.objects.update(state=CampaignState.STOPPED)
    campaign.refresh_from_db()
    with pytest.raises(IllegalMove, match="kept as it was"):
        check_senders(campaign, Senders([]))


@pytest.mark.parametrize(
    ("stands", "chosen", "rotation", "weights", "tags"),
    [
        (Rotation.EVEN, [1], None, {}, []),
        (Rotation.EVEN, [0, 1], None, {}, ["sales"]),
        (Rotation.EVEN, [0, 1, 2], Rotation.WEIGHTED, {0: 3}, None),
        (Rotation.WEIGHTED, [0, 1, 2], None, {}, None),  # the turns go on
        (Rotation.WEIGHTED, [0, 1], Rotation.WEIGHTED, {1: 5}, None),  # and begin anew
        (Rotation.WEIGHTED, [1, 2], Rotation.PROVIDER, {}, None),
        (Rotation.EVEN, [], None, {}, None),
    ],
)
def test_what_is_shown_first_is_what_stands_and_what_the_forecast_says_once_it_is_saved(
    member: Member, campaign: Campaign, boxes: list[Mailbox], stands: Rotation, chosen: list[int],
    rotation: Rotation | None, weights: dict[int, int], tags: list[str] | None,
) -> None:  # fmt: skip
    CampaignRotation.objects.create(campaign=campaign, mode=stands)
    CampaignMailbox.objects.filter(mailbox=boxes[0]).update(moved=4.0)
    wanted = Senders([boxes[n].pk for n in chosen], rotation, {boxes[n].pk: one for n, one in weights.items()}, tags)
    check = check_senders(campaign, wanted)
    shown = effects_of_senders(campaign, check.lineup)
    before = foresee(campaign).forecast
    assert {one.mailbox.pk: one.now for one in shown.rows if one.now} == before.carried
    set_senders(member, campaign, wanted.mailbox_ids, rotation=rotation, weights=wanted.weights, tags=tags)
    saved, again = foresee(campaign).forecast, check_senders(campaign, Senders(wanted.mailbox_ids))
    assert check.after == again.before
    assert (check.lineup.rotation, {one.mailbox_id for one in check.lineup.turns}) == (
        rotation_of(campaign),
        set(weights_of(campaign)),
    )
    assert {one.mailbox.pk: one.then for one in shown.rows if one.then} == saved.carried
    assert shown.ends_then == (None if saved.left else saved.ends_at)


def test_it_says_who_comes_who_goes_and_that_nobody_is_begun_where_none_is_active(
    client: Client, member: Member, campaign: Campaign, boxes: list[Mailbox]
) -> None:
    anna, ben, cleo = boxes
    fewer = effects_of_senders(campaign, check_senders(campaign, Senders([anna.pk])).lineup)
    assert [one.part for one in fewer.rows] == [Part.STAYS, Part.GOES]
    set_senders(member, campaign, [anna.pk])
    more = effects_of_senders(campaign, check_senders(campaign, Senders([anna.pk, ben.pk])).lineup)
    assert [one.part for one in more.rows] == [Part.STAYS, Part.COMES]
    assert fewer.days_later is not None
    assert fewer.days_later > 1
    assert (more.days_later, more.days_sooner, more.is_idle) == (-fewer.days_later, fewer.days_later, False)
    set_senders(member, campaign, [ben.pk])
    Mailbox.objects.filter(pk=cleo.pk).update(state=MailboxState.PAUSED)
    effects = effects_of_senders(campaign, check_senders(campaign, Senders([cleo.pk])).lineup)
    assert [one.part for one in effects.rows] == [Part.BOUND, Part.GOES, Part.COMES]
    assert (effects.kept, effects.begun, effects.ends_then, effects.days_later) == (0, 3, None, None)
    url = member.url("planner:senders", campaign.pk)
    shown = send(client, form_to(client.get(url).text, ""), url, mailboxes=[cleo.pk])
    assert "Nobody new would be begun None of these mailboxes is active: 17 people wait until one is." in text_of(shown)
