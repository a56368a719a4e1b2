"""What of a campaign is followed: off by default, chosen on its page, and never where the law asks for consent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaigns.contacts.models import Contact
from campaigns.contacts.states import LegalBasis
from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Branch, Campaign, Step, Variant
from campaigns.sequences.plans import plans
from campaigns.sequences.services import Tracking
from campaigns.sequences.states import BranchKind, CampaignState
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.links.addresses import as_shown
from sending.links.core import Trace
from sending.links.optline import language_in
from sending.outbox.claims import claim
from sending.outbox.models import OutboundMessage
from sending.planner.claim.traces import Written, traces_for
from sending.planner.lawful.stating import state_ground
from sending.planner.lawful.traced import allows, reach_of
from tests.builders import make_audience, make_contact, make_import, make_list, make_running_campaign
from tests.sending.planner.pages import make_draft, page_of, signed_in, text_of
from tests.sending.planner.stage import lease, make_sender, make_team

pytestmark = pytest.mark.django_db
ON = Tracking(track_clicks=True, track_opens=True)


@pytest.fixture
def member() -> Member:
    return make_team()


def traced(
    campaign: Campaign, contact: Contact, text: str = "Good day", *, html: str = "", signature: str = ""
) -> Trace:
    return traces_for(plans([campaign.pk])[campaign.pk], contact, Written(text, html, signature))


def test_nothing_is_followed_before_somebody_wants_it(member: Member) -> None:
    campaign = make_draft(member)
    assert services.tracking_of(campaign) == Tracking()
    contact = make_contact(member.workspace, "joe@y.example", country="US")
    assert traced(campaign, contact) == Trace.OPT_OUT
    line = "If you would rather not hear from me, tell me."
    assert traced(campaign, contact, line) == Trace(0), "the wording says it"
    assert traced(campaign, contact, signature=line) == Trace(0), "the signature does"
    assert traced(campaign, contact, line, html="<p>Good day</p>") == Trace.OPT_OUT, "its HTML does not"
    assert traced(campaign, contact, f"{{Good day|{line}}}") == Trace.OPT_OUT, "not to everybody"


@pytest.mark.parametrize(
    ("country", "email", "basis", "is_followed"),
    [
        ("US", "a@x.example", "", True),
        ("DE", "a@x.example", "", False),
        ("FR", "a@x.example", LegalBasis.INTEREST, False),
        ("FR", "a@x.example", LegalBasis.CONSENT, True),
        ("", "a@firma.de", "", False),
        ("", "a@x.com", "", False),
        ("", "a@x.com", LegalBasis.CONSENT, True),
        ("GB", "a@x.example", LegalBasis.CONTRACT, False),
    ],
)
def test_nobody_is_followed_where_the_law_asks_for_consent(
    member: Member, country: str, email: str, basis: str, *, is_followed: bool
) -> None:
    campaign = make_draft(member)
    services.choose_tracking(campaign, ON)
    origin = make_import(member.workspace, legal_basis=basis) if basis else None
    contact = make_contact(member.workspace, email, country=country, origin=origin)
    expected = Trace.CLICKS | Trace.OPENS | Trace.OPT_OUT if is_followed else Trace.OPT_OUT
    assert traced(campaign, contact) == expected


def test_a_consent_that_is_stated_for_all_counts_for_who_is_there(member: Member) -> None:
    campaign = make_draft(member)
    services.choose_tracking(campaign, ON)
    contact, late = (make_contact(member.workspace, f"{name}@firma.de") for name in "ab")
    make_audience(campaign, make_list(member.workspace, "Germans", (contact,)))
    state_ground(member, campaign, LegalBasis.INTEREST, "Weighed.")
    assert not traced(campaign, contact) & Trace.CLICKS
    state_ground(member, campaign, LegalBasis.CONSENT, "Signed up at the fair.")
    assert traced(campaign, contact) & Trace.CLICKS
    assert not traced(campaign, late) & Trace.CLICKS
    assert allows("DE", LegalBasis.UNSTATED, LegalBasis.CONSENT)


def test_the_page_saves_what_is_chosen_and_tells_it(member: Member) -> None:
    campaign = make_draft(member)
    client, url = signed_in(member), member.url("tracking:choices", campaign.pk)
    page = text_of(client.get(url))
    assert "Follow clicks on links" in page
    assert "Not: their country is not known" in page
    assert client.post(url, {"track_clicks": "on", "opt_out_language": "pl"}).status_code == 302
    campaign.refresh_from_db()
    assert services.tracking_of(campaign) == Tracking(track_clicks=True, opt_out_language="pl")
    told = Event.objects.get(kind=EventKind.EDITED)
    assert "“nothing” became “clicks, the opt-out line in Polish”" in told.data["words"]
    refused = client.post(url, {"track_text_clicks": "on"})
    assert refused.status_code == 422
    assert "only where those in HTML are" in refused.content.decode()


def test_no_setting_and_no_server_leaves_the_opt_out_line_out(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, contact = make_draft(member), make_contact(member.workspace, "a@firma.de")
    services.choose_tracking(campaign, ON)
    monkeypatch.setattr("sending.links.addresses._host", "")
    for sales in ("Let me know if Tuesday works for a call.", "We remove your backlog in a week."):
        assert traced(campaign, contact, sales) == Trace.OPT_OUT
    german = "Guten Tag, ich schreibe Ihnen, weil wir für Sie und Ihre Kollegen etwas haben, das nicht viel kostet."
    traces = traced(campaign, contact, german, html=f"<body><p>{german}</p></body>")
    assert language_in(traces) == "de"
    text, html = as_shown(german, f"<body><p>{german}</p></body>", traces | Trace.CLICKS, "")
    line = "Wenn Sie keine weiteren Nachrichten von mir möchten, antworten Sie mit „stop“."
    assert text.endswith(f"\n\n{line}\n")
    assert html.endswith(f'<p lang="de">{line}</p></body>')
    services.choose_tracking(campaign, Tracking(opt_out_language="fr"))
    assert language_in(traced(campaign, contact, german)) == "fr", "as it was chosen"


def test_clicks_that_a_branch_waits_for_stay_followed(member: Member) -> None:
    campaign = make_draft(member)
    services.choose_tracking(campaign, ON)
    Branch.objects.create(step=Step.objects.get(), place=1, kind=BranchKind.CLICK)
    with pytest.raises(BadEdit, match="waits for clicks"):
        services.choose_tracking(campaign, Tracking())
    services.choose_tracking(campaign, replace(ON, track_opens=False))


def test_a_campaign_that_is_over_is_not_changed(member: Member) -> None:
    campaign = make_draft(member)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.ARCHIVED)
    with pytest.raises(IllegalMove):
        services.choose_tracking(campaign, ON)
    assert "disabled" in page_of(signed_in(member).get(member.url("tracking:choices", campaign.pk)))


def test_the_reach_counts_whom_the_law_lets_follow(member: Member) -> None:
    campaign = make_draft(member, people=3)
    Contact.objects.update(country="DE")
    Contact.objects.filter(pk=Contact.objects.order_by("pk")[0].pk).update(country="US")
    reach = reach_of(campaign)
    assert (reach.people, reach.allowed, list(reach.barred), reach.unknown) == (3, 1, [("Germany", 2)], 0)


def test_what_a_message_is_marked_with_stays_with_it_and_its_text_has_no_token(member: Member) -> None:
    contact = make_contact(member.workspace, "joe@y.example", country="US")
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, (contact,), (mailbox,))
    services.choose_tracking(campaign, ON)
    Variant.objects.update(body_html='<p><a href="https://acme.example/">words</a></p>', body_text="Good day")
    (job,) = claim(lease([mailbox]), [mailbox.pk])
    row = OutboundMessage.objects.get()
    assert row.traces == Trace.CLICKS | Trace.OPENS | Trace.OPT_OUT
    assert "go.example.net" not in row.body_text + row.body_html
    assert job.content.replace(b"=\r\n", b"").count(b"https://go.example.net/") == 6


def test_the_preview_shows_the_message_as_it_leaves_with_addresses_that_are_nobody_s(member: Member) -> None:
    campaign = make_draft(member)
    client = signed_in(member)
    page = text_of(client.get(member.url("planner:preview", campaign.pk)))
    assert "If you would rather not hear from me: https://go.example.net/u/" in page
    review = text_of(client.get(member.url("planner:review", campaign.pk)))
    assert "below step 1 A there stands a line with a link, in English" in review
