"""What came of templates: only what was made from them counts, each rate with its denominator and its rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from campaigns.library import services as library
from campaigns.library.models import StepTemplate
from campaigns.sequences import services
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import Text
from outreach.accounts.access import Member
from sending.bounces import Kind
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.reports.queries import MessageFilters, messages_of
from sending.reports.template_results import template_results
from tests.builders import make_contact, make_enrollment, make_inbound, make_mailbox, make_message, make_template
from tests.campaigns.sequences.browser import client_of
from tests.campaigns.sequences.drafts import make_draft, make_editor, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_mailbox(member.workspace)


def put(member: Member, template: StepTemplate, campaign: Campaign) -> None:
    variant = wording_of(campaign)
    text = library.text_for(template, variant, {})
    services.save_variant(variant, text)
    library.note_use(member, template, variant, text)


def send(campaign: Campaign, mailbox: Mailbox, name: str) -> OutboundMessage:
    """Make a message of the first wording as it stands now, sent to <name>@x.com."""
    variant = wording_of(campaign)
    enrollment = make_enrollment(campaign, make_contact(campaign.workspace, f"{name}@x.com"))
    message = make_message(enrollment, variant, mailbox)
    OutboundMessage.objects.filter(pk=message.pk).update(wording_version=variant.version)
    return message


def found(member: Member, **filters: str) -> list[str]:
    return sorted(row.recipient.partition("@")[0] for row in messages_of(member, MessageFilters(**filters)))


def test_only_what_was_made_from_a_template_counts_for_it(member: Member, mailbox: Mailbox) -> None:
    tea = make_template(member.workspace, "Tea", text="About tea.")
    coffee = make_template(member.workspace, "Coffee", text="About coffee.")
    make_template(member.workspace, "Never used")
    campaign = make_draft(member)
    send(campaign, mailbox, "before")
    put(member, tea, campaign)
    first, second = (send(campaign, mailbox, name) for name in ("ada", "bob"))
    services.save_variant(wording_of(campaign), Text("A question", "About tea, really."))
    third = send(campaign, mailbox, "cy")
    put(member, coffee, campaign)
    send(campaign, mailbox, "dan")
    services.restore_variant(wording_of(campaign), 1)
    send(campaign, mailbox, "eve")
    make_inbound(mailbox, kind=Kind.HUMAN_REPLY, answers=first)
    make_inbound(
        mailbox, kind=Kind.HUMAN_REPLY, answers=first, subject="2", label="positive", labelled_at=timezone.now()
    )
    make_inbound(mailbox, kind=Kind.AUTO_REPLY, answers=second)
    OutboundMessage.objects.filter(pk=third.pk).update(state=MessageState.FAILED, sent_at=None)
    about: dict[str, Any] = {"campaign_id": campaign.pk, "message_id": third.pk}
    record([Entry(member.workspace.pk, EventKind.BOUNCED_HARD, timezone.now(), **about)])

    by_name = {one.template.name: one for one in template_results(member)}
    assert set(by_name) == {"Tea", "Coffee"}
    counts = {
        name: (one.sent, one.changed, *((rate.hits, rate.total) for rate in one.rates)) for name, one in by_name.items()
    }
    assert counts == {
        "Tea": (2, 0, (1, 2), (1, 2), (1, 3)),
        "Coffee": (1, 0, (0, 1), (0, 1), (0, 1)),
    }
    of_tea = str(tea.pk)
    assert found(member, template=of_tea) == ["ada", "bob", "cy"]
    assert found(member, template=of_tea, state="went") == ["ada", "bob"]
    assert found(member, template=of_tea, answer="human_reply") == found(member, template=of_tea, label="positive")
    assert found(member, template=of_tea, happened="bounced_hard") == ["cy"]
    assert found(member, template=str(coffee.pk)) == ["dan"]


def test_sent_from_a_text_that_was_changed_is_told_apart(member: Member, mailbox: Mailbox) -> None:
    tea, campaign = make_template(member.workspace, "Tea", text="About tea."), make_draft(member)
    put(member, tea, campaign)
    send(campaign, mailbox, "ada")
    services.save_variant(wording_of(campaign), Text("A question", "About tea, really."))
    send(campaign, mailbox, "bob")
    (result,) = template_results(member, tea)
    assert (result.sent, result.changed) == (2, 1)
    page = client_of(member).get(member.url("reports:template", tea.pk)).text
    assert "1 of them from a text that somebody changed afterwards" in page
    assert f"?template={tea.pk}&state=went" in client_of(member).get(member.url("reports:templates")).text


def test_template_of_another_workspace_filters_nothing_in(member: Member, mailbox: Mailbox) -> None:
    tea, campaign = make_template(member.workspace, "Tea"), make_draft(member)
    put(member, tea, campaign)
    send(campaign, mailbox, "ada")
    other = make_editor("globex")
    assert found(other, template=str(tea.pk)) == []
    assert template_results(other) == []
    fresh = make_template(member.workspace, "Fresh")
    (result,) = template_results(member, fresh)
    assert (result.sent, result.replies.total, result.replies.share) == (0, 0, None)
    assert found(member, template=str(fresh.pk)) == []
