"""Opt-outs over the web: nothing that is read changes anything, and what is posted holds for ever and everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.contacts.models import Contact, ListInterest, Retention, Suppression
from campaigns.contacts.queries import is_suppressed
from campaigns.contacts.services import Weighing, delete_contacts, edit_contact, erase, suppress_rule, weigh_interest
from campaigns.contacts.states import LegalBasis, SuppressionReason, SuppressionScope
from outreach.env import env
from outreach.kit import clock
from outreach.kit.crypto import instance_keyring, new_key
from outreach.kit.tokens import instance_signer
from sending.ledger.kinds import EventKind, How
from sending.ledger.queries import totals
from sending.outbox.marks import mark, why_called_back
from sending.outbox.models import OutboundMessage
from sending.planner.lawful.stating import state_ground
from sending.planner.models import CampaignGround, Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.feedback import of_campaign
from sending.tracking.models import GoneContact, Hit
from tests.builders import make_audience, make_contact, make_import, make_list, make_running_campaign, make_workspace
from tests.sending.outbox.plain import claim_all
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.planner.pages import text_of
from tests.sending.tracking.host import Visitor, carried
from tests.sending.tracking.stage import Stage, followed

pytestmark = pytest.mark.django_db(transaction=True)
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
SCANNERS = ("Barracuda Sentinel", "Mozilla/5.0", "python-requests/2.31", "")


def suppressed() -> list[tuple[str, str, str]]:
    return list(Suppression.objects.values_list("scope", "value", "reason"))


def opted_out(stage: Stage) -> bool:
    person = stage.post.enrollment_of("ada")
    return (person.state, person.stop_reason) == (EnrollmentState.STOPPED, StopReason.OPTED_OUT)


def test_the_header_stands_on_one_line_and_its_address_is_short() -> None:
    with followed() as stage:
        sent = stage.send()
        raw = stage.server.accepted[-1]
        assert f"List-Unsubscribe: <{sent.header}>, <mailto:me@acme.example?subject=unsubscribe%20".encode() in raw
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
        assert len(sent.header) < 70
        assert sent.header in sent.text
        assert sent.header in sent.html


def test_reading_changes_nothing_a_thousand_times() -> None:
    with followed(steps=2) as stage:
        sent = stage.send()
        pages, links = (sent.header, f"{sent.header}/source"), (*sent.links, sent.image, sent.trap)
        before = list(Enrollment.objects.values())
        answers: Counter[int] = Counter()
        for agent in SCANNERS:
            scanner = Visitor(agent)
            for url in pages:
                assert scanner.head(url).status_code == 200
                assert scanner.get(url, sec_purpose="prefetch").status_code == 200
                assert scanner.options(url).status_code == 404
            for url in (sent.header, *links, *links, sent.trap):
                answers.update(scanner.again(url, 25))
        assert answers == {200: 300, 302: 400, 404: 300}, "page and image, links, and the hidden link"
        carried()
        assert Hit.objects.count() == 4 * 225
        assert suppressed() == []
        assert list(Enrollment.objects.values()) == before


def test_the_header_alone_asks_for_nothing() -> None:
    with followed() as stage:
        url = stage.send().header
        headers = {"list_unsubscribe": "One-Click", "content_type": FORM}
        assert Visitor().get(f"{url}?{ONE_CLICK}", **headers).status_code == 200
        assert Visitor().head(f"{url}?{ONE_CLICK}").status_code == 200
        for method in ("put", "patch", "delete"):
            assert Visitor().other(method, url, ONE_CLICK, content_type=FORM).status_code == 404
        assert suppressed() == []


@pytest.mark.parametrize("is_multipart", [False, True])
def test_one_click_holds_at_once_and_is_counted_once(*, is_multipart: bool) -> None:
    with followed(steps=2) as stage:
        url, program = stage.send().header, Visitor("Yahoo!")
        for _ in range(3):
            if is_multipart:
                answer = program.post(url, {"List-Unsubscribe": "One-Click"})
            else:
                answer = program.post(url, ONE_CLICK, content_type=FORM)
            assert answer.status_code == 200
        assert suppressed() == [("address", "ada@x.test", SuppressionReason.OPTED_OUT)]
        assert opted_out(stage)
        mailbox = stage.post.mailbox
        counted = totals(mailbox.workspace_id, campaign_id=stage.campaign.pk, mailbox_id=mailbox.pk)
        assert (counted[EventKind.OPTED_OUT], counted[EventKind.SUPPRESSED]) == (1, 1)
        assert of_campaign(stage.campaign).ways == [(How.ONE_CLICK, 1)]


@pytest.mark.parametrize("kind", [f"{FORM}; charset=ISO-8859-1", FORM.upper()])
def test_one_click_is_heard_in_whatever_charset_and_with_a_line_end(kind: str) -> None:
    with followed() as stage:
        assert Visitor().post(stage.send().header, f"{ONE_CLICK}\r\n", content_type=kind).status_code == 200
        assert suppressed() == [("address", "ada@x.test", SuppressionReason.OPTED_OUT)]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("", FORM),
        (f"{ONE_CLICK}&x={'y' * 20_000}", FORM),
        ("List-Unsubscribe=Two-Clicks", FORM),
        ("what=everything", FORM),
        (ONE_CLICK, "text/plain"),
        ('{"List-Unsubscribe": "One-Click"}', "application/json"),
        ("--x\r\nbroken", "multipart/form-data; boundary=x"),
        ("--x\r\nbroken", "multipart/form-data"),
    ],
)
def test_what_asks_for_nothing_changes_nothing(data: str, kind: str) -> None:
    with followed() as stage:
        url = stage.send().header
        assert Visitor().post(url, data, content_type=kind).status_code == 400
        assert suppressed() == []


def test_the_page_names_the_sender_and_nobody_else_and_ends_one_series_or_all() -> None:
    with followed(steps=2) as stage:
        url, ada = stage.send().header, Visitor()
        member = stage.post.member
        other = make_running_campaign(member, stage.post.people, (stage.post.mailbox,), name="Other")
        page = ada.get(url).content.decode()
        assert "Messages from Acme" in page
        assert "ada@x.test" not in page
        assert "only end this series" in page.lower()
        assert ada.post(url, {"what": "series"}).status_code == 200
        assert opted_out(stage)
        assert suppressed() == []
        make_due()
        assert deliver() == 1, "the other campaign goes on"
        assert other.messages.count() == 1
        assert b"Done" in ada.post(url, {"what": "all"}).content
        assert suppressed() == [("address", "ada@x.test", SuppressionReason.OPTED_OUT)]
        assert b"no messages from <bdi>Acme</bdi> any more" in ada.get(url).content
        assert of_campaign(stage.campaign).ways == [(How.PAGE, 1)]


def test_an_opt_out_wins_over_a_message_that_is_claimed_already() -> None:
    with followed(steps=2) as stage:
        url = stage.send().header
        make_due()
        (job,) = claim_all()
        assert job.letter.position == 2
        Visitor().post(url, {"what": "all"})
        assert mark([job]) == [False]
        assert why_called_back(job) == "the sequence was called off (opted out)"


def test_it_holds_for_the_address_of_then_and_of_now() -> None:
    with followed() as stage:
        url = stage.send().header
        Contact.objects.filter(pk=stage.post.people[0].pk).update(email="new@x.test", email_key="new@x.test")
        Visitor().post(url, {"what": "all"})
        assert {value for _, value, _ in suppressed()} == {"ada@x.test", "new@x.test"}


@pytest.mark.parametrize(
    ("rule", "reason", "left"),
    [
        ("@x.test", SuppressionReason.MANUAL, [("domain", "x.test", SuppressionReason.MANUAL)]),
        ("ada@x.test", SuppressionReason.NO_SUCH_ADDRESS, []),
        ("ada@x.test", SuppressionReason.LOST_HISTORY, []),
    ],
)
def test_a_wish_of_their_own_can_be_said_whatever_else_bars_them(
    rule: str, reason: SuppressionReason, left: list[tuple[str, str, str]]
) -> None:
    with followed() as stage:
        url, workspace = stage.send().header, stage.post.member.workspace
        suppress_rule(workspace, rule, reason)
        assert b"Never write to me again" in Visitor().get(url).content
        assert Visitor().post(url, {"what": "all"}).status_code == 200
        assert suppressed() == [*left, ("address", "ada@x.test", SuppressionReason.OPTED_OUT)]
        assert stage.events(EventKind.OPTED_OUT) == ["opted_out"]
        assert b"no messages from <bdi>Acme</bdi> any more" in Visitor().get(url).content
        suppress_rule(workspace, "ada@x.test", SuppressionReason.NO_SUCH_ADDRESS)
        assert suppressed()[-1][2] == SuppressionReason.OPTED_OUT, "and no server takes it back"


def test_who_has_another_address_and_no_message_any_more_is_barred_under_both() -> None:
    with followed() as stage:
        url, ada, member = stage.send().header, stage.post.people[0], stage.post.member
        assert edit_contact(ada, {"email": "new@x.test"}, {}, by=member.user)
        OutboundMessage.objects.all().delete()
        assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
        assert is_suppressed(member.workspace.pk, "ada@x.test")
        assert is_suppressed(member.workspace.pk, "new@x.test")
        assert stage.events(EventKind.OPTED_OUT) == ["opted_out"]
        assert b"no messages from <bdi>Acme</bdi> any more" in Visitor().get(url).content
        assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
        assert stage.events(EventKind.OPTED_OUT) == ["opted_out"], "once"


def test_it_works_when_the_contact_is_deleted_and_comes_back() -> None:
    with followed() as stage:
        url, workspace = stage.send().header, stage.post.member.workspace
        assert delete_contacts(workspace, [stage.post.people[0].pk]) == 1
        assert not OutboundMessage.objects.exists()
        page = Visitor().get(url)
        assert (page.status_code, b"series" in page.content) == (200, False)
        assert b"deleted" in Visitor().get(f"{url}/source").content
        assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
        ((scope, value, reason),) = suppressed()
        assert (scope, reason) == (SuppressionScope.ERASED, SuppressionReason.OPTED_OUT)
        assert "ada" not in value
        assert b"no messages from <bdi>Acme</bdi> any more" in Visitor().get(url).content


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Gives a call that puts a new key before those of the instance."""
    caches = (instance_keyring, instance_signer)

    def rotate() -> None:
        keys = replace(env(), credential_keys=(new_key(), *env().credential_keys))
        monkeypatch.setattr("outreach.kit.crypto.env", lambda: keys)
        for one in caches:
            one.cache_clear()

    yield rotate
    monkeypatch.undo()
    for one in caches:
        one.cache_clear()


@pytest.mark.parametrize("gone", ["campaign", "contact"])
def test_it_works_years_later_by_another_key_when_its_campaign_or_contact_is_gone(
    gone: str, rotated: Callable[[], None]
) -> None:
    with followed() as stage:
        url, ada, workspace = stage.send().header, stage.post.people[0], stage.post.member.workspace
        if gone == "contact":
            delete_contacts(workspace, [ada.pk])
        OutboundMessage.objects.all().delete()
        stage.campaign.delete()
        rotated()
        clock.move(clock.now() + timedelta(days=3 * 365))
        try:
            assert b"Never write to me again" in Visitor().get(url).content
            assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
            assert b"no messages from <bdi>Acme</bdi> any more" in Visitor().get(url).content
        finally:
            clock.move(None)
        assert is_suppressed(workspace.pk, "ada@x.test")


def test_it_works_when_the_campaign_is_deleted() -> None:
    with followed() as stage:
        url = stage.send().header
        OutboundMessage.objects.all().delete()
        stage.campaign.delete()
        assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
        assert suppressed() == [("address", "ada@x.test", SuppressionReason.OPTED_OUT)]


def test_who_was_erased_stays_erased() -> None:
    with followed() as stage:
        url, ada = stage.send().header, stage.post.people[0]
        erase(stage.post.member, ada, typed=ada.email, why="Asked for it.")
        before = suppressed()
        assert Visitor().post(url, ONE_CLICK, content_type=FORM).status_code == 200
        assert suppressed() == before
        assert b"Erased" not in Visitor().get(url).content


def test_the_page_says_where_the_address_is_from_and_what_else_article_14_asks_for() -> None:
    with followed() as stage:
        sent, member, ada = stage.send(), stage.post.member, stage.post.people[0]

        def page() -> str:
            return text_of(Visitor().get(f"{sent.header}/source"))

        state_ground(member, stage.campaign, LegalBasis.INTEREST, "Weighed.")
        for words in (
            *("added by hand", "Our legitimate interest in writing to you", "1 Main Street", "me@acme.example"),
            *("get no more messages", "a copy of everything", "complain to the data protection authority"),
            "Until you ask for it to be erased. If you object",
        ):
            assert words in page()
        for words in ("Weighed", "take back that you agreed", "images loaded"):
            assert words not in page()

        lists = {name: make_list(member.workspace, name, (ada,)) for name in ("fair", "others")}
        until = clock.now().date() + timedelta(days=90)
        for name, row in lists.items():
            weighing = Weighing(f"We sell racks to the {name}.", "Names only.", "They expect it.", until)
            weigh_interest(member, row, weighing)
        assert "We sell racks to the others." in page(), "they are on it"
        make_audience(stage.campaign, lists["fair"])
        for is_stated in (True, False):
            if not is_stated:
                CampaignGround.objects.all().delete()
            assert "Our legitimate interest in writing to you" in page()
            assert "The interest: We sell racks to the fair." in page()
            for words in ("the others", "Names only", "They expect", member.user.email):
                assert words not in page(), "the purpose of the lists that were written to, and no more"
        state_ground(member, stage.campaign, LegalBasis.CONTRACT, "Customers.")
        assert "We sell racks" not in page()
        ListInterest.objects.all().delete()

        CampaignGround.objects.all().delete()
        assert "On what ground Nobody has written it down" in page()

        origin = make_import(member.workspace, legal_basis=LegalBasis.CONSENT, source="Met at the spring fair")
        Contact.objects.filter(pk=ada.pk).update(origin=origin, company="Quokka Ltd", fields={"pet": "wombat"})
        Retention.objects.create(workspace=member.workspace, idle_months=18)
        Visitor().get(sent.image)
        carried()
        for words in (
            *("Met at the spring fair", "You agreed to be written to", "take back that you agreed", "Company, "),
            *("pet; the messages to you", "or their images loaded", "or for 18 months"),
        ):
            assert words in page()
        for value in ("ada@x.test", "Quokka", "wombat"):
            assert value not in page(), "whoever has the message sees the page"


def test_a_deleted_contact_whom_nobody_wrote_to_leaves_nothing() -> None:
    contact = make_contact(make_workspace("other"), "eve@x.test")
    assert delete_contacts(contact.workspace, [contact.pk]) == 1
    assert not GoneContact.objects.exists()
