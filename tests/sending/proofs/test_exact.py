"""The exact bytes of a wording are those that a claim makes, but for the id, the date and the thread."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import SMTP

import pytest
from django.db import transaction

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.states import StepThread
from outreach.accounts.access import Member
from sending.domains.states import KeyState
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.outbox.letters import first_letter
from sending.outbox.models import OutboundMessage
from sending.outbox.tracing import Addressing
from sending.outbox.writing import content_of
from sending.planner.claim.traces import traces_of
from sending.planner.models import CampaignMailbox
from sending.proofs.exact import exact
from tests.builders import make_domain_key, make_running_campaign
from tests.sending.planner.pages import make_draft, page_of, signed_in, text_of
from tests.sending.planner.stage import make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db

HTML = "<p>Grüezi {{ first_name }}</p>"


@pytest.fixture
def member() -> Member:
    return make_team()


def fixed(content: bytes) -> bytes:
    """Return a message without what differs each time: id, date, and the boundary and the token that come of the id."""
    content = re.sub(rb"=\r\n", b"", content)  # where lines of quoted-printable end
    content = re.sub(rb"((?<=subject=unsubscribe%20)|(?<=/u/))[\w-]+", b"token", content)
    content = re.sub(rb"(?m)^(Date|Message-ID): .*\r\n", b"", content)
    return re.sub(rb"=_[0-9a-f]{16}", b"boundary", content)


def test_the_bytes_are_those_that_the_claim_makes(member: Member) -> None:
    mailbox = make_sender(member, display_name="Ada Löwe", reply_to="answers@acme.example", signature="Me, Acme")
    (contact,) = make_people(member, 1, first_name="Zoë 👋", company="R&D")
    campaign = make_running_campaign(member, (contact,), (mailbox,))
    Variant.objects.update(subject="{Hi|Hello} {{ company }}", body_html=HTML, body_text="{Hi|Ho} {{ first_name }}")
    told = exact(campaign, Variant.objects.get().pk, contact, mailbox, now=database_now())
    (picked,) = pick(mailbox)
    letter = first_letter(1, picked, [], now=database_now(), traces=traces_of([picked])[picked.enrollment_id])
    assert fixed(told.content) == fixed(content_of(letter, picked.sender, None, Addressing()))
    assert not told.is_signed
    assert not OutboundMessage.objects.exists()


def test_a_message_that_would_be_signed_here_is_signed(member: Member) -> None:
    campaign = make_draft(member)
    mailbox = Mailbox.objects.get()
    make_domain_key(member.workspace, "acme.example", state=KeyState.SIGNING, checked_at=database_now())
    told = exact(
        campaign, Variant.objects.get().pk, Contact.objects.get(email="p0@example.com"), mailbox, now=database_now()
    )
    assert told.is_signed
    assert told.content.startswith(b"DKIM-Signature:")


def test_the_page_shows_the_source_and_gives_it_out(member: Member) -> None:
    campaign = make_draft(member)
    Variant.objects.update(body_html=HTML, body_text="<b>Hi</b> {{ first_name }}")
    step = Step.objects.create(campaign=campaign, position=2, thread=StepThread.REPLY)
    follow_up = Variant.objects.create(step=step, label="A", body_text="Once more")
    url = member.url("proofs:exact", Variant.objects.get(step__position=1).pk)
    page = page_of(signed_in(member).get(url))
    assert "Content-Type: multipart/alternative" in page
    assert "&lt;b&gt;Hi&lt;/b&gt; Ada0" in page
    answer = signed_in(member).get(f"{url}?file=1")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "message/rfc822",
        'attachment; filename="step-1-A.eml"',
    )
    mail = message_from_bytes(answer.content, policy=SMTP)
    assert (mail["To"], mail["Subject"]) == ("Ada0 <p0@example.com>", "For Ada0")
    answer = signed_in(member).get(member.url("proofs:exact", follow_up.pk))
    assert "Subject: Re: For Ada0" in page_of(answer)
    assert "In-Reply-To: &lt;the-message-before@acme.example&gt;" in page_of(answer)


def test_where_there_is_no_such_message_it_says_why(member: Member) -> None:
    campaign = make_draft(member)
    variant = Variant.objects.get()
    url = member.url("proofs:exact", variant.pk)
    Variant.objects.update(body_text="{{ city }}")
    assert "Step 1 uses city, which this contact lacks." in text_of(signed_in(member).get(url))
    Variant.objects.update(body_text="Hi")
    Mailbox.objects.update(reply_to="no address")
    assert "This is no address that a mail can carry" in text_of(signed_in(member).get(url))
    with transaction.atomic():
        CampaignMailbox.objects.filter(campaign=campaign).delete()
        assert signed_in(member).get(url).status_code == 404
