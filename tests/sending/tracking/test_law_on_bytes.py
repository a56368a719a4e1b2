"""What the law asks stands in the bytes that leave, for each country of the table, and nothing that it forbids."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from campaigns.contacts.models import Contact
from campaigns.contacts.states import LegalBasis
from campaigns.sequences import services
from campaigns.sequences.models import Variant
from campaigns.sequences.services import Tracking
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.mailboxes.models import Mailbox
from sending.outbox.claims import claim
from sending.pacing import HoldCode
from sending.planner.explain.present import present_of
from sending.planner.lawful.law import Duty, Need, duty_of, rule_of, rules
from sending.planner.models import CampaignGround, Enrollment
from sending.planner.preview.shown import preview
from tests.builders import make_contact, make_import, make_running_campaign
from tests.sending.planner.stage import database_time, lease, make_sender, make_team

pytestmark = pytest.mark.django_db
EVERYTHING = Tracking(track_clicks=True, track_text_clicks=True, track_opens=True)
ADDRESS = "1 Main Street, Springfield"
SOURCE = "Stand visitors, Hanover 2026"
COUNTRIES = ["", "BR", *(code for rule in rules() for code in rule.countries)]


@pytest.fixture
def member() -> Member:
    return make_team()


def claimed(*mailboxes: Mailbox) -> dict[str, EmailMessage]:
    """Claim what is due, and return what leaves, by recipient."""
    found: dict[str, EmailMessage] = {}
    while jobs := claim(lease(mailboxes), [one.pk for one in mailboxes]):  # some at a time
        found |= {one.recipient: message_from_bytes(one.content, policy=policy.default) for one in jobs}
    return found


def parts(mail: EmailMessage) -> list[str]:
    """Return the text and the HTML as their reader gets them."""
    found = [one.get_content() for one in mail.walk() if one.get_content_maintype() == "text"]
    return [one.replace("\r\n", "\n") for one in found]


def test_each_country_of_the_table_gets_what_its_law_asks_and_is_followed_only_where_it_allows(member: Member) -> None:
    today = clock.now().date()
    bought, agreed = (
        make_import(member.workspace, legal_basis=basis, source=SOURCE, basis_on=today)
        for basis in (LegalBasis.CONTRACT, LegalBasis.CONSENT)
    )
    origins = {"PL": agreed}  # where customers need a consent, too: whoever has given it may be followed
    people = [
        make_contact(
            member.workspace, f"ada-{code}@x{at}.example".lower(), country=code, origin=origins.get(code, bought)
        )
        for at, code in enumerate(COUNTRIES)
    ]
    mailbox = make_sender(member, signature="Olive\nAcme")
    campaign = make_running_campaign(member, tuple(people), (mailbox,))
    CampaignGround.objects.all().delete()
    services.choose_tracking(campaign, EVERYTHING)
    html = '<html><body><p>See <a href="https://acme.example/tea">our tea</a></p></body></html>'
    Variant.objects.update(body_html=html, body_text="See https://acme.example/tea")
    mails = claimed(mailbox)
    assert len(mails) == len(COUNTRIES)
    for one in people:
        text, page = parts(mails[one.email])
        rule = rule_of(one.country)
        assert (text.count(ADDRESS), page.count(ADDRESS)) == (1, 1), one.country
        assert page.index(ADDRESS) < page.index("</body>")
        told = int(not one.country or duty_of(one.country, Duty.NOTICE) is not None)  # who knows where they are
        assert (text.count(SOURCE), page.count(SOURCE)) == (told, told), one.country
        follows = one.origin == agreed or (rule is not None and rule.need is Need.IDENTITY)
        for part, trace in ((text, "/c/"), (page, "/c/"), (page, "/o/")):
            assert (f"go.example.net{trace}" in part) is follows, one.country


@pytest.mark.parametrize(
    ("text", "html", "signature", "below"),
    [
        ("Good day", "", "", [True]),
        ("Good day\n{{ sender.postal_address }}", "", "", [False]),
        ("Good day", "", "Olive\n1 Main Street\nSpringfield", [False]),
        ("Good day\n1 Main Street, Springfield", "<p>Good day</p>", "", [False, True]),
        ("Good day", "<p>1 Main <b>Street</b>,<br>Springfield</p>", "", [True, False]),
        ("Good day", f'<p title="{ADDRESS}">Good day</p><!-- {ADDRESS} -->', "", [True, True]),
    ],
)  # fmt: skip
def test_an_address_line_stands_below_each_part_that_does_not_show_the_address(
    member: Member, text: str, html: str, signature: str, *, below: list[bool]
) -> None:
    mailbox = make_sender(member, signature=signature)
    ada = make_contact(member.workspace, "ada@y.example", country="US")
    campaign = make_running_campaign(member, (ada,), (mailbox,))
    Variant.objects.update(body_text=text, body_html=html)
    shown = preview(campaign, ada, mailbox)[0]
    (mail,) = claimed(mailbox).values()
    for found in (parts(mail), [one for one in (shown.text, shown.html) if one]):  # as the preview shows it
        assert [f"\n\n{ADDRESS}\n" in one or f"<p>{ADDRESS}</p>" in one for one in found] == below


def test_whoever_would_get_a_message_without_the_address_waits_until_the_workspace_has_one(member: Member) -> None:
    mailbox = make_sender(member)
    people = tuple(
        make_contact(member.workspace, f"{code or 'who'}@y.example".lower(), country=code) for code in ("US", "FR", "")
    )
    make_running_campaign(member, people, (mailbox,))
    Workspace.objects.update(postal_address=" \n")
    assert list(claimed(mailbox)) == ["fr@y.example"], "GDPR names no postal address"
    held = {one.contact.country: one for one in Enrollment.objects.exclude(hold_code="").select_related("contact")}
    assert {code: one.hold_code for code, one in held.items()} == dict.fromkeys(("US", ""), HoldCode.NO_POSTAL_ADDRESS)
    assert held["US"].hold_detail == (
        "The message would show no postal address, and CAN-SPAM Act, 15 USC 7704 (a)(5)(A)(iii) asks for it for people "
        "in the United States."
    )
    assert "their country is not known: it may ask for it" in held[""].hold_detail
    rows = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace")
    told = present_of(rows.get(pk=held["US"].pk), now=database_time())
    assert told.binding.code == HoldCode.NO_POSTAL_ADDRESS
    Workspace.objects.update(postal_address="1 Main Street")
    Enrollment.objects.filter(pk__in=[one.pk for one in held.values()]).update(due_at=database_time())
    assert set(claimed(mailbox)) == {"us@y.example", "who@y.example"}


def test_the_people_of_a_sandbox_are_invented_and_wait_for_no_address(member: Member) -> None:
    mailbox = make_sender(member)
    make_running_campaign(member, (make_contact(member.workspace, "ada@y.example", country="US"),), (mailbox,))
    Workspace.objects.update(postal_address="", time_scale=1_000)
    assert list(claimed(mailbox)) == ["ada@y.example"]


@pytest.mark.parametrize(
    ("text", "source", "is_below"),
    [
        ("Good day", SOURCE, True),
        ("I found you on the list of exhibitors.", SOURCE, False),
        (f"We spoke there: {SOURCE}", SOURCE, False),
        ("Good day", "", False),
    ],
)
def test_the_first_message_to_europe_says_where_the_address_is_from(
    member: Member, text: str, source: str, *, is_below: bool
) -> None:
    mailbox = make_sender(member)
    ada = make_contact(member.workspace, "ada@firm.co.uk", origin=make_import(member.workspace, source=source))
    campaign = make_running_campaign(member, (ada,), (mailbox,), steps=2)
    Variant.objects.update(body_text=text)
    first, second = preview(campaign, ada, mailbox)
    line = f"Where I have your address from: {source}"
    assert (line in first.text, line in second.text) == (is_below, False)
    (mail,) = claimed(mailbox).values()
    assert (line in parts(mail)[0]) is is_below
    assert Contact.objects.get().email == "ada@firm.co.uk"
