"""The preview: any contact of the audience, each part and width, the hardest contacts, a test mail to oneself."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact, ListMember
from campaigns.sequences.models import Campaign, Path, Step, Variant
from campaigns.sequences.states import StepThread
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.ledger.models import Event
from sending.mailboxes.models import ConnectionTest, Mailbox, Spending
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from tests.builders import (
    make_audience,
    make_branch,
    make_contact,
    make_enrollment,
    make_list,
    make_mailbox,
    make_member,
    make_step,
)
from tests.sending.mailboxes.test_selfmail import rested
from tests.sending.planner.pages import make_draft, page_of, read, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db

HTML = '<p>Hi <b>{{ first_name }}</b></p><img src="https://tracker.example/x.gif"><script>alert(1)</script>'


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    """Make a draft to Ada0, Ada1, Ada2 and some who are hard on a wording."""
    made = make_draft(member, people=3)
    hard = (
        make_contact(member.workspace, "long@example.com", first_name="Bartholomew", fields={"note": "x" * 300}),
        make_contact(member.workspace, "bare@example.com", last_name="Nobody"),
        make_contact(member.workspace, "arab@example.com", first_name="ليلى"),
        make_contact(member.workspace, "emoji@example.com", first_name="Zoë 👋"),
    )
    make_audience(made, make_list(member.workspace, "Hard", hard))
    return made


def shown(member: Member, campaign: Campaign, whom: str, *, at: str = "", **more: str) -> str:
    """Ask for somebody, seen from whoever has the address, and return whose address the page shows then."""
    now = Contact.objects.get(email=at).pk if at else ""
    query = "&".join(f"{name}={value}" for name, value in {"whom": whom, "contact": now, **more}.items())
    answer = signed_in(member).get(f"{member.url('planner:preview', campaign.pk)}?{query}")
    assert answer.status_code == 302
    (found,) = parse_qs(urlsplit(answer["Location"]).query)["contact"]
    return Contact.objects.get(pk=found).email


def test_the_audience_is_walked_through_in_both_directions_and_round(member: Member, campaign: Campaign) -> None:
    assert shown(member, campaign, "next", at="p0@example.com") == "p1@example.com"
    assert shown(member, campaign, "next", at="emoji@example.com") == "p0@example.com"
    assert shown(member, campaign, "previous", at="p1@example.com") == "p0@example.com"
    assert shown(member, campaign, "previous", at="p0@example.com") == "emoji@example.com"
    assert shown(member, campaign, "random").endswith("@example.com")
    assert shown(member, campaign, "nonsense", at="p0@example.com") == "p1@example.com"


def test_the_hardest_contacts_are_found(member: Member, campaign: Campaign) -> None:
    assert shown(member, campaign, "longest") == "long@example.com"
    Variant.objects.update(body_text="{{ first_name }} {{ note|d('-') }}")
    Contact.objects.filter(email="p1@example.com").update(fields={"note": "y" * 400})
    assert shown(member, campaign, "longest") == "p1@example.com"
    assert shown(member, campaign, "lacking") == "bare@example.com"
    assert shown(member, campaign, "script", at="p0@example.com") == "arab@example.com"
    assert shown(member, campaign, "script", at="arab@example.com") == "emoji@example.com"
    assert shown(member, campaign, "script", at="emoji@example.com") == "arab@example.com"


def test_where_nobody_is_like_that_it_says_so_and_stays(member: Member) -> None:
    campaign = make_draft(member)
    client = signed_in(member)
    url = member.url("planner:preview", campaign.pk)
    for whom, words in (("lacking", "Nobody lacks anything"), ("script", "another script than Latin")):
        assert words in text_of(client.get(f"{url}?whom={whom}", follow=True))
    assert "has the address nobody@" in text_of(client.get(f"{url}?address=nobody@", follow=True))


def test_a_contact_is_found_by_the_beginning_of_the_address(member: Member, campaign: Campaign) -> None:
    assert shown(member, campaign, "", address="ARAB") == "arab@example.com"


def test_what_is_chosen_stays_chosen_with_the_next_contact(member: Member, campaign: Campaign) -> None:
    answer = signed_in(member).get(f"{member.url('planner:preview', campaign.pk)}?whom=next&part=html&width=phone")
    assert "part=html" in answer["Location"]
    assert "width=phone" in answer["Location"]
    page = page_of(signed_in(member).get(answer["Location"]))
    assert "mail-phone" in page
    assert "This wording has no HTML part" in page


def test_follow_ups_show_the_subject_of_their_thread(member: Member, campaign: Campaign) -> None:
    step = Step.objects.create(campaign=campaign, position=2, thread=StepThread.REPLY)
    Variant.objects.create(step=step, label="A", body_text="Once more")
    new = Step.objects.create(campaign=campaign, position=3, thread=StepThread.NEW)
    Variant.objects.create(step=new, label="A", subject="Other", body_text="Yet again")
    last = Step.objects.create(campaign=campaign, position=4, thread=StepThread.REPLY)
    Variant.objects.create(step=last, label="A", body_text="Last")
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert [one.subject for one in page.context["steps"]] == ["For Ada0", "Re: For Ada0", "Other", "Re: Other"]


def test_a_path_answers_in_the_thread_from_which_a_branch_leads_there(member: Member, campaign: Campaign) -> None:
    make_step(campaign, 2, subject="Second thread", body="Later")
    Step.objects.filter(position=2).update(thread=StepThread.NEW, wait_amount=1)
    path, further = (Path.objects.create(campaign=campaign, number=number, name=f"P{number}") for number in (1, 2))
    for position in (101, 102, 201):
        make_step(campaign, position, subject="of no use", body="On a path")
        Step.objects.filter(position=position).update(thread=StepThread.REPLY, wait_amount=1)
    make_branch(Step.objects.get(position=1).pk, path)
    make_branch(Step.objects.get(position=102).pk, further)
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert [(one.name, one.subject) for one in page.context["steps"]] == [
        ("1", "For Ada0"), ("2", "Second thread"), ("1.1", "Re: For Ada0"), ("1.2", "Re: For Ada0"),
        ("2.1", "Re: For Ada0"),
    ]  # fmt: skip
    Step.objects.filter(position=102).update(thread=StepThread.NEW)
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert [one.subject for one in page.context["steps"]][-1] == "Re: of no use"
    exact = signed_in(member).get(member.url("proofs:exact", Variant.objects.get(step__position=101).pk))
    assert "Subject: Re: For Ada0" in page_of(exact)


def test_a_wording_without_a_share_is_shown_and_marked(member: Member, campaign: Campaign) -> None:
    step = Step.objects.get()
    Variant.objects.create(step=step, label="B", weight=0, subject="Other", body_text="Half done, {{ first_name }}.")
    text = read(member, "preview", campaign.pk)
    assert "wording B No share yet" in text
    assert "Half done, Ada0." in text


def test_who_has_left_the_audience_is_shown_while_enrolled_and_nobody_else_in_their_place(
    member: Member, campaign: Campaign
) -> None:
    left = Contact.objects.get(email="p2@example.com")
    ListMember.objects.filter(contact=left).delete()
    url = f"{member.url('planner:preview', campaign.pk)}?contact={left.pk}"
    assert "This is somebody else: the first of the audience." in text_of(signed_in(member).get(url))
    variant = Variant.objects.get()
    for name in ("planner:preview_html", "proofs:exact"):
        assert signed_in(member).get(f"{member.url(name, variant.pk)}?contact={left.pk}").status_code == 404
    make_enrollment(campaign, left)
    assert "For Ada2" in read(member, "preview", campaign.pk, query=f"?contact={left.pk}")


def test_the_html_part_stands_in_a_frame_that_runs_and_fetches_nothing(member: Member, campaign: Campaign) -> None:
    Variant.objects.update(body_html=HTML)
    variant = Variant.objects.get()
    page = page_of(signed_in(member).get(f"{member.url('planner:preview', campaign.pk)}?part=html"))
    frame = member.url("planner:preview_html", variant.pk)
    assert '<iframe class="mail-frame" sandbox ' in page
    assert f'src="{frame}?contact=' in page
    assert "alert(1)" not in page
    answer = signed_in(member).get(frame)
    assert "<p>Hi <b>Ada0</b></p>" in page_of(answer)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "nonce" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src" in signed_in(member).get(member.url("planner:preview", campaign.pk))["Content-Security-Policy"]


def test_what_a_filter_would_mind_is_told_of_what_is_really_read(member: Member, campaign: Campaign) -> None:
    asked = "Hi {{ first_name }}.\n\nIf you would rather not hear from me, answer “stop”."
    Variant.objects.update(body_text=asked)
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert page.context["steps"][0].findings == [], "the address stands below it"
    assert "answer “stop”. 1 Main Street, Springfield" in text_of(page)
    Variant.objects.update(body_text=f"{asked}\n{{{{ sender.postal_address }}}}")
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert page.context["steps"][0].findings == []
    assert "answer “stop”. 1 Main Street, Springfield" in text_of(page)
    Workspace.objects.update(postal_address="")
    told = text_of(signed_in(member).get(member.url("planner:preview", campaign.pk)))
    assert "Step 1 uses sender.postal_address, which the workspace lacks." in told
    Workspace.objects.update(postal_address="1 Main Street, Springfield")
    asked = "Hi {{ first_name }}.\n\nIf you would rather not hear from me, answer “stop”."
    Variant.objects.update(body_text=asked)
    Mailbox.objects.update(signature="Me\n1 Main Street\nSpringfield")
    Contact.objects.filter(email="p0@example.com").update(first_name="BUY NOW!! VERY CHEAP")
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    assert [one.code for one in page.context["steps"][0].findings] == ["shouting", "punctuation", "spam_click"]


def sent(member: Member, variant: Variant, **values: object) -> HttpResponseBase:
    return signed_in(member).post(member.url("planner:preview_mail", variant.pk), values, follow=True)


def test_a_test_mail_reads_as_the_contact_would_read_it_and_counts_in_no_campaign(
    member: Member, campaign: Campaign
) -> None:
    Variant.objects.update(body_html="<p>Hi {{ first_name }}</p>")
    step = Step.objects.create(campaign=campaign, position=2, thread=StepThread.REPLY)
    follow_up = Variant.objects.create(step=step, label="A", body_text="Once more, {{ first_name }}.")
    arab, server = Contact.objects.get(email="arab@example.com"), FaultServer({})
    with serving_in_thread(server) as running:
        Mailbox.objects.update(smtp_port=running.port, smtp_security="plain", signature="Me, Acme")
        mailbox = rested(Mailbox.objects.get())
        opening = Variant.objects.get(step__position=1)
        first = sent(member, opening, contact=arab.pk, recipient=mailbox.address)
        assert "Step 1 A has left for me@acme.example." in text_of(first)
        rested(mailbox)
        make_mailbox(member.workspace, member.user.email, state=MailboxState.ACTIVE)
        assert "Step 2 A has left" in text_of(sent(member, follow_up, contact=arab.pk, recipient=member.user.email))
    one, two = (message_from_bytes(taken, policy=SMTP) for taken in server.accepted)
    assert (one["Subject"], one["To"], one["X-Outreach-Test"]) == ("For ليلى", "me@acme.example", "1")
    assert one["List-Unsubscribe"] == "<mailto:me@acme.example?subject=unsubscribe>", (
        "no token: it is no message of ours"
    )
    assert [part.get_content_type() for part in one.iter_parts()] == ["text/plain", "text/html"]
    assert "Good day, ليلى." in next(one.iter_parts()).get_content()
    assert (two["Subject"], two["To"]) == ("Re: For ليلى", member.user.email)
    assert "Me, Acme" in two.get_content()
    assert not OutboundMessage.objects.exists()
    assert not Enrollment.objects.exists()
    assert ConnectionTest.objects.filter(passed=True).count() == 2
    assert [row.campaign_id for row in Spending.objects.all()] == [None, None]


def test_a_test_mail_goes_to_nobody_else_and_not_with_a_hole(member: Member, campaign: Campaign) -> None:
    variant, bare = Variant.objects.get(), Contact.objects.get(email="bare@example.com")
    assert "to nobody else" in text_of(sent(member, variant, recipient="p1@example.com"))
    told = text_of(sent(member, variant, contact=bare.pk, recipient="me@acme.example"))
    assert "No test mail was sent. Step 1 uses first_name, which this contact lacks." in told
    assert not ConnectionTest.objects.exists()


def test_a_wording_goes_only_to_addresses_that_a_mailbox_has_proven_and_it_is_kept_who_sent_which(
    member: Member, campaign: Campaign
) -> None:
    make_member(member.workspace, Role.VIEWER, email="ceo@prospect.test")
    make_mailbox(member.workspace, "tested@acme.example", state=MailboxState.PAUSED)
    make_mailbox(member.workspace, "saved@acme.example", state=MailboxState.UNTESTED)
    variant, server = Variant.objects.get(), FaultServer({})
    offered = read(member, "preview", campaign.pk)
    assert ("me@acme.example tested@acme.example" in offered, "saved@" in offered) == (True, False)
    assert "only to tested mailboxes of this workspace" in offered
    for stranger in ("ceo@prospect.test", member.user.email, "saved@acme.example"):
        assert "to nobody else" in text_of(sent(member, variant, recipient=stranger))
    assert not ConnectionTest.objects.exists()
    assert not Event.objects.exists()
    with serving_in_thread(server) as running:
        Mailbox.objects.update(smtp_port=running.port, smtp_security="plain")
        rested(Mailbox.objects.get(address="me@acme.example"))
        mailbox = Mailbox.objects.get(address="me@acme.example")
        told = text_of(sent(member, variant, mailbox=mailbox.pk, recipient="tested@acme.example"))
    assert "has left for tested@acme.example" in told
    event = Event.objects.get()
    assert (event.kind, event.campaign_id, event.mailbox_id) == ("test_mail", campaign.pk, mailbox.pk)
    assert (event.data["step"], event.data["variant"], event.data["variant_id"]) == ("1", "A", variant.pk)
    assert event.said == (f"{member.user.email} sends step 1 A of “{campaign.name}” to tested@acme.example as a test.")
    story = text_of(signed_in(member).get(member.url("reports:results", campaign.pk)))
    assert f"Test mail {event.said}" in story
    assert f"Test mail {event.said}" in text_of(signed_in(member).get(member.url("mailboxes:detail", mailbox.pk)))


def test_viewers_look_and_send_nothing(member: Member, campaign: Campaign) -> None:
    viewer = make_member(member.workspace, Role.VIEWER)
    assert "Send it to me" not in read(viewer, "preview", campaign.pk)
    assert sent(viewer, Variant.objects.get(), recipient="me@acme.example").status_code == 403


def test_the_cost_of_a_preview_does_not_grow_with_the_audience(member: Member, campaign: Campaign) -> None:
    client, url = signed_in(member), member.url("planner:preview", campaign.pk)
    client.get(url)
    people = tuple(make_contact(member.workspace, f"more{n}@example.com", first_name="M") for n in range(30))
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    make_audience(campaign, make_list(member.workspace, "More", people))
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(few) == len(many)
