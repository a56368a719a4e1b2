"""The list of messages: what narrows it, and what it says when nothing is left."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client

from outreach.accounts.access import Member
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.reports import queries
from sending.reports.queries import MessageFilters, filters_from
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)

pytestmark = pytest.mark.django_db


def make_sent(member: Member, name: str, *, position: int = 1) -> OutboundMessage:
    """Make a message to <name>@x.com from <name>@acme.example, in a campaign of that name."""
    campaign = make_campaign(member.workspace, name)
    enrollment = make_enrollment(campaign, make_contact(member.workspace, f"{name}@x.com"))
    mailbox = make_mailbox(member.workspace, f"{name}@acme.example")
    return make_message(enrollment, make_step(campaign, position), mailbox)


def found(member: Member, **filters: str) -> list[str]:
    return [row.recipient for row in queries.messages_of(member, MessageFilters(**filters))]


def test_each_filter_leaves_what_it_names_and_they_can_be_combined() -> None:
    member = make_member(make_workspace())
    ada, bob = make_sent(member, "ada"), make_sent(member, "bob", position=2)
    make_sent(make_member(make_workspace("other")), "ada")
    OutboundMessage.objects.filter(pk=bob.pk).update(state=MessageState.FAILED, sent_at=None)
    assert found(member) == ["bob@x.com", "ada@x.com"]
    assert found(member, q="AD") == ["ada@x.com"]
    assert found(member, state="failed") == ["bob@x.com"]
    assert found(member, campaign=str(ada.campaign_id)) == ["ada@x.com"]
    assert found(member, mailbox=str(bob.mailbox_id)) == ["bob@x.com"]
    assert found(member, step="2") == ["bob@x.com"]
    assert found(member, step="2", mailbox=str(ada.mailbox_id)) == []


def test_filters_that_make_no_sense_are_left_out() -> None:
    query = QueryDict("q=%20ada%00%20&state=gone&campaign=x&mailbox=-1&step=99999999999")
    assert filters_from(query) == MessageFilters(q="ada")
    query = QueryDict("q=&state=sent&campaign=7&mailbox=8&step=2")
    assert filters_from(query) == MessageFilters(state="sent", campaign="7", mailbox="8", step="2")


@pytest.mark.parametrize(("query", "words"), [("", "No message yet"), ("?q=zoe", "Clear the filters")])
def test_an_empty_list_says_whether_there_is_nothing_or_nothing_fits(query: str, words: str) -> None:
    member = make_member(make_workspace())
    client = Client()
    client.force_login(member.user)
    assert words in client.get(member.url("reports:messages") + query).text
