"""What no campaign can be sent with, typed on its pages: a clear word and no launch, or the right result."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.planner.models import Enrollment
from tests.campaigns.sequences.browser import client_of, errors_in, form_to, send
from tests.campaigns.sequences.test_markup import WORD
from tests.sending.planner.pages import make_draft, page_of, post, read, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


def schedule(member: Member, campaign: Campaign, **changes: object) -> str:
    client, url = client_of(member), member.url("sequences:schedule", campaign.pk)
    answer = send(client, form_to(client.get(url).text, ""), url, **changes)
    assert answer.status_code == 302, errors_in(answer.text)
    return text_of(client.get(url))


def refused_launch(member: Member, campaign: Campaign) -> str:
    """Press the button all the same: nobody is enrolled, and the page says why."""
    answer = post(member, "launch", campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    assert not Enrollment.objects.exists()
    assert answer.status_code == 422
    return text_of(answer)


def test_closed_days_over_the_whole_horizon_are_told_on_every_page_and_forbid_the_launch(
    member: Member, campaign: Campaign
) -> None:
    year = clock.now().year
    closed = "\n".join(f"{one}-01-01..{one}-12-31 Sabbatical" for one in range(year, year + 4))
    assert "Nothing can ever go out" in schedule(member, campaign, closed=closed)
    review = read(member, "review", campaign.pk)
    assert "1 gate stops the launch" in review
    assert "Open a day, or take closed days out." in review
    assert "Open a day, or take closed days out." in refused_launch(member, campaign)
    for name in ("forecast", "next_sends", "preview", "senders"):
        assert signed_in(member).get(member.url(f"planner:{name}", campaign.pk)).status_code == 200, name
    assert "Nothing could ever go out" in text_of(signed_in(member).get(member.url("rehearsal:list", campaign.pk)))


def test_a_window_of_a_day_that_is_always_closed_never_opens_and_says_so(member: Member, campaign: Campaign) -> None:
    monday = clock.now().date() - timedelta(days=clock.now().date().weekday())
    mondays = "\n".join(str(monday + timedelta(days=7 * week)) for week in range(100))
    hours = {f"hours_{day}": "9-17" if day == 1 else "" for day in range(1, 8)}
    assert "Nothing can ever go out" in schedule(member, campaign, closed=mondays, **hours)
    assert "1 gate stops the launch" in read(member, "review", campaign.pk)


def test_no_weight_on_any_wording_is_told_and_forbids_the_launch(member: Member, campaign: Campaign) -> None:
    client, variant = client_of(member), Variant.objects.get()
    url = member.url("sequences:variant_save", variant.pk)
    page = client.get(member.url("sequences:sequence", campaign.pk)).text
    assert send(client, form_to(page, url), weight="0").status_code == 302
    words = "Step 1 has no wording with a share above 0."
    assert words in read(member, "review", campaign.pk)
    assert words in refused_launch(member, campaign)
    assert "No wording of this step has a share" in text_of(client.get(member.url("sequences:sequence", campaign.pk)))


def test_a_paste_from_a_word_processor_is_kept_light_and_read_as_it_was_meant(
    member: Member, campaign: Campaign
) -> None:
    client, variant = client_of(member), Variant.objects.get()
    page = client.get(member.url("sequences:sequence", campaign.pk)).text
    form = form_to(page, member.url("sequences:variant_save", variant.pk))
    assert client.post(form.action, {**form.fields, "body_html": WORD}).status_code == 302
    variant.refresh_from_db()
    assert "Hi&nbsp;{{ first_name }}" in variant.body_html
    shown = client.get(member.url("planner:preview_html", variant.pk)).text
    assert "Hi&nbsp;Ada0" in shown
    assert not any(word in shown for word in ("mso", "Mso", "<xml", "o:p", "[if"))


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("Zoë 👩‍💻🏽", "Zoë 👩‍💻🏽"),
        ("שרה", "שרה"),
        ("A\x07d\x1ba", "Ada"),
        ("\u202eada", "ada"),
    ],
    ids=ascii,
)
def test_a_hard_name_typed_on_the_page_of_a_contact_reads_right_in_the_message(
    member: Member, campaign: Campaign, typed: str, read_as: str
) -> None:
    contact, client = Contact.objects.order_by("pk")[0], client_of(member)
    url = member.url("contacts:edit", contact.pk)
    answer = send(client, form_to(client.get(url).text, ""), url, first_name=typed)
    assert answer.status_code == 302, answer.text
    page = client.get(f"{member.url('planner:preview', campaign.pk)}?contact={contact.pk}")
    assert f"Good day, {read_as}." in text_of(page)
    assert f"For {read_as}" in page_of(page)
