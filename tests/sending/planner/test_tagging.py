"""Senders by tags: whichever mailboxes have the tag carry the campaign, as long as they have it."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from campaigns.contacts.models import Contact
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.forms import MailboxForm, initial_of
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.planner.ending import stop_campaign
from sending.planner.forecast.shares import receivers_of, shares_of
from sending.planner.models import CampaignMailbox
from sending.planner.services import launch, set_senders
from sending.planner.tagging import follow_tags, tags_of
from tests.sending.planner.pages import make_draft, read, save
from tests.sending.planner.stage import make_sender, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


def carriers(campaign: Campaign) -> list[tuple[str, bool]]:
    rows = CampaignMailbox.objects.filter(campaign=campaign).order_by("mailbox__address")
    return list(rows.values_list("mailbox__address", "by_tag"))


def test_mailboxes_of_a_tag_carry_the_campaign_those_of_later_too_and_as_long_as_they_have_it(
    member: Member, campaign: Campaign
) -> None:
    sales = make_sender(member, "sales@acme.example", tags=["sales", "berlin"])
    later = make_sender(member, "later@acme.example")
    foreign = make_sender(make_team("other"), "theirs@other.example", tags=["sales"])
    me = Mailbox.objects.get(address="me@acme.example")
    set_senders(member, campaign, [me.pk], tags=["sales"])
    assert carriers(campaign) == [("me@acme.example", False), ("sales@acme.example", True)]
    assert follow_tags() == set()
    Mailbox.objects.filter(pk=later.pk).update(tags=["sales"])
    assert follow_tags() == {campaign.pk}
    assert carriers(campaign)[0] == ("later@acme.example", True)
    Mailbox.objects.filter(pk=sales.pk).update(tags=["berlin"])
    assert follow_tags() == {campaign.pk}
    assert carriers(campaign) == [("later@acme.example", True), ("me@acme.example", False)]
    assert foreign.pk not in CampaignMailbox.objects.values_list("mailbox", flat=True)


def test_who_is_ticked_stays_without_the_tag_and_who_is_not_goes_with_it(member: Member, campaign: Campaign) -> None:
    sales = make_sender(member, "sales@acme.example", tags=["sales"])
    set_senders(member, campaign, [sales.pk], tags=["sales"])
    assert carriers(campaign) == [("sales@acme.example", False)]
    set_senders(member, campaign, [], weights={sales.pk: 7})  # the tags stay where none are named
    assert carriers(campaign) == [("sales@acme.example", True)]
    assert CampaignMailbox.objects.get().weight == 7
    set_senders(member, campaign, [], tags=[])
    assert (carriers(campaign), tags_of(campaign)) == ([], [])


def test_a_launch_looks_at_the_tags_once_more_and_an_ended_campaign_follows_them_no_more(
    member: Member, campaign: Campaign
) -> None:
    set_senders(member, campaign, [], tags=["sales"])
    one = make_sender(member, "sales@acme.example", tags=["sales"])
    assert carriers(campaign) == []
    assert launch(member, campaign) == 2
    assert carriers(campaign) == [("sales@acme.example", True)]
    stop_campaign(member, campaign)
    Mailbox.objects.filter(pk=one.pk).update(tags=[])
    assert follow_tags() == set()
    assert carriers(campaign) == [("sales@acme.example", True)]


def test_tags_are_chosen_on_the_page_and_a_tag_that_no_mailbox_has_is_passed_over(
    member: Member, campaign: Campaign
) -> None:
    make_sender(member, "sales@acme.example", tags=["sales"])
    assert "sales (1 mailbox)" in read(member, "senders", campaign.pk).replace(" )", ")")
    save(member, "senders", campaign.pk, tags=["sales", "gone"], rotation="even")
    assert tags_of(campaign) == ["sales"]
    assert "Carries it by the tag sales" in read(member, "senders", campaign.pk)


def test_the_tags_of_a_mailbox_are_typed_with_commas() -> None:
    mailbox = make_sender(make_team(), tags=["berlin", "sales"])
    assert initial_of(mailbox)["tags"] == "berlin, sales"
    form = MailboxForm(QueryDict("tags=++VIP,+sales,vip+"))
    form.is_valid()
    assert form.cleaned_data["tags"] == ["sales", "vip"]
    form = MailboxForm(QueryDict("tags=" + ",".join(map(str, range(11)))))
    assert "at most 10" in str(form.errors["tags"])


def test_what_each_mailbox_has_and_will_give_is_told_beside_whom_it_fits(member: Member, campaign: Campaign) -> None:
    Mailbox.objects.update(daily_limit=20)
    MailboxClock.objects.update(health=50)
    google = make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com", daily_limit=30)
    make_sender(member, "idle@acme.example", state="paused")
    set_senders(member, campaign, list(member.workspace.mailbox_set.values_list("pk", flat=True)))
    Contact.objects.filter(email="p0@example.com").update(domain="gmail.com")
    assert receivers_of(campaign) == {"google": 1, "other": 1}
    shares = {one.budget.mailbox.address: one for one in shares_of(campaign).rows}
    assert sum(one.carried.total for one in shares.values() if one.carried) == 2
    assert shares["idle@acme.example"].carried is None
    assert (shares["me@gmail.com"].provider, shares["me@gmail.com"].fitting) == ("Google", 1)
    assert (shares["me@acme.example"].budget.free, shares["me@acme.example"].budget.health) == (10, 50)
    text = read(member, "shares", campaign.pk)
    assert "Google: 50 % of 2" in text
    assert "10 of 10 free" in text
    launch(member, campaign)
    assert receivers_of(campaign) == {"google": 1, "other": 1}
    assert google.pk in {one.mailbox_id for one in shares_of(campaign).rows}


def test_a_campaign_without_senders_has_no_shares(member: Member, campaign: Campaign) -> None:
    set_senders(member, campaign, [])
    assert "No mailbox is saved yet." in read(member, "shares", campaign.pk)


def test_the_senders_of_a_stopped_campaign_stay_as_they_were(member: Member, campaign: Campaign) -> None:
    launch(member, campaign)
    stop_campaign(member, campaign)
    with pytest.raises(IllegalMove, match="A stopped campaign is kept as it was"):
        set_senders(member, campaign, [], tags=[])
    save(member, "senders", campaign.pk)
    assert carriers(campaign) == [("me@acme.example", False)]
