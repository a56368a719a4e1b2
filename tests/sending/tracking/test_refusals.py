"""No more from one sender: every campaign and conversation of that mailbox ends, and no other one takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from campaigns.contacts.errors import MayNotLift
from campaigns.contacts.models import Contact, LiftedSuppression, Suppression
from campaigns.contacts.queries import is_suppressed, refusing
from campaigns.contacts.services import delete_contacts, lift
from campaigns.contacts.states import SuppressionReason, SuppressionScope
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.roles import Role
from outreach.env import env
from outreach.kit.crypto import instance_keyring, new_key
from sending.inbox.threads.answers import answer
from sending.inbox.threads.ground import ground_of
from sending.ledger.kinds import EventKind, How
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import update_mailbox
from sending.outbox.marks import mark, why_called_back
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.explain.present import present_of
from sending.planner.forecast.foresight import foresee
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.feedback import of_campaign
from sending.tracking.models import Hit
from sending.tracking.opting import Recipient, recipient
from tests.builders import make_contact, make_mailbox, make_member, make_running_campaign
from tests.sending.inbox.threads.test_answers import her_mail, wish
from tests.sending.outbox.plain import claim_all
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.planner.pages import signed_in, text_of
from tests.sending.planner.stage import HOUR, database_time
from tests.sending.tracking.host import Visitor, carried
from tests.sending.tracking.stage import HTML, Stage, followed

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)
WORDS = "Wants no more from me@acme.example: said on the opt-out page."
TOLD = "They want no more from me@acme.example."


def refuse(url: str) -> str:
    page = Visitor().post(url, {"what": "sender"})
    assert page.status_code == 200
    return text_of(page)


def another(stage: Stage, address: str = "you@acme.example", **values: object) -> Mailbox:
    """Make a second mailbox of the workspace, like the first one."""
    first = stage.post.mailbox
    same = ("smtp_port", "smtp_security", "state", "daily_limit", "hourly_limit", "gap_min_s", "gap_max_s", "ramp_on")
    columns = {name: getattr(first, name) for name in same}
    return make_mailbox(stage.post.member.workspace, address, **{**columns, **values})


def enrolled(campaign: Campaign) -> Enrollment:
    rows = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace")
    return rows.get(campaign=campaign, contact__email="ada@x.test")


def test_the_page_offers_it_and_it_ends_what_that_mailbox_has_begun_and_nothing_else() -> None:
    with followed(steps=2) as stage:
        Mailbox.objects.update(display_name="Olive Oil")
        url, member, ada = stage.send().header, stage.post.member, stage.post.people[0]
        theirs = make_running_campaign(member, (ada,), (another(stage),), name="Theirs")
        assert "No more from Olive Oil ( me@acme.example )" in text_of(Visitor().get(url))
        done = refuse(url)
        assert "me@acme.example will not write to you again, in no series and in no answer." in done
        assert "may still write to you from other addresses" in done

        mine = stage.post.enrollment_of("ada")
        assert (mine.state, mine.stop_reason, mine.stop_detail) == ("stopped", StopReason.OPTED_OUT, WORDS)
        assert mine.mailbox == stage.post.mailbox, "and goes to no other one"
        assert present_of(enrolled(stage.campaign), now=database_time()).binding.words == WORDS
        assert not is_suppressed(member.workspace.pk, "ada@x.test")
        (row,) = Suppression.objects.all()
        assert (row.scope, row.reason, row.sender) == ("sender", SuppressionReason.OPTED_OUT, "me@acme.example")
        assert "ada" not in row.value

        refuse(url)
        assert stage.events(EventKind.OPTED_OUT, EventKind.SUPPRESSED) == ["opted_out", "suppressed"], "once"
        assert of_campaign(stage.campaign).ways == [(How.SENDER, 1)]
        make_due()
        assert deliver() == 1, "the other mailbox may write"
        assert theirs.messages.get().state == MessageState.SENT
        page = text_of(Visitor().get(url))
        assert "You get no messages from me@acme.example any more." in page
        assert "No more from" not in page
        assert "series" not in page

        assert Visitor().post(url, {"what": "all"}).status_code == 200, "and all can still be said"
        assert is_suppressed(member.workspace.pk, "ada@x.test")


def test_it_wins_over_a_message_that_is_claimed_already_of_whatever_campaign() -> None:
    with followed(steps=2) as stage:
        url = stage.send().header
        other = make_running_campaign(stage.post.member, stage.post.people, (stage.post.mailbox,), name="Other")
        make_due()
        jobs = claim_all()
        assert [job.letter.campaign_id for job in jobs] == [stage.campaign.pk, other.pk]
        refuse(url)
        assert mark(jobs) == [False, False]
        assert why_called_back(jobs[0]) == "the sequence was called off (opted out)"
        Enrollment.objects.filter(campaign=other).update(state=EnrollmentState.SENDING, stop_reason="", ended_at=None)
        assert mark(jobs) == [False, False], "whatever became of the sequence"
        assert why_called_back(jobs[1]) == "they want no more from this mailbox"


def test_a_later_campaign_of_the_mailbox_leaves_them_out_and_one_with_another_mailbox_begins_there() -> None:
    with followed() as stage:
        url, member, ada = stage.send().header, stage.post.member, stage.post.people[0]
        refuse(url)
        bob = make_contact(member.workspace, "bob@x.test")
        alone = make_running_campaign(member, (ada, bob), (stage.post.mailbox,), name="Alone")
        assert foresee(alone).stuck == {"suppressed": 1}
        assert present_of(enrolled(alone), now=database_time()).binding.words == TOLD
        make_due()
        assert deliver() == 1
        left = enrolled(alone)
        assert (left.state, left.stop_reason, left.stop_detail) == ("skipped", StopReason.SUPPRESSED, TOLD)

        second = another(stage)
        both = make_running_campaign(member, (ada, bob), (stage.post.mailbox, second), name="Both")
        assert foresee(both).stuck == {}
        make_due()
        box = stage.post.mailbox
        MailboxClock.objects.filter(mailbox=second).update(look_at=database_time() + HOUR)
        assert deliver() == 1, "behind her, whom it passes over, stands bob"
        assert not both.messages.filter(contact=ada).exists()
        waiting = enrolled(both)
        assert (waiting.state, waiting.hold_code, waiting.mailbox) == ("active", "", None), "she keeps her turn"
        assert present_of(waiting, now=database_time()).binding.code == "in_line"
        make_due()
        MailboxClock.objects.filter(mailbox=second).update(look_at=database_time() + HOUR)
        assert deliver() == 0
        looks_at = MailboxClock.objects.get(mailbox=box).look_at
        assert looks_at > database_time() + MINUTE / 2, "nor does it look on and on"
        make_due()
        assert deliver() == 1
        assert both.messages.get(contact=ada).mailbox == second


def test_each_address_of_the_mailbox_is_meant_also_one_that_is_added_later() -> None:
    with followed() as stage:
        url, member, ada = stage.send().header, stage.post.member, stage.post.people[0]
        account = {"imap_host": "127.0.0.1", "imap_username": "ME@acme.example"}
        sales = another(stage, "sales@acme.example", **account)
        refuse(url)
        assert Suppression.objects.count() == 2, "each of them is lifted for itself"
        news = another(stage, "news@acme.example", **account)
        for at, box in enumerate((sales, news)):
            campaign = make_running_campaign(member, (ada,), (box,), name=f"Of {at}")
            make_due()
            assert deliver() == 0
            assert enrolled(campaign).stop_reason == StopReason.SUPPRESSED


@pytest.mark.parametrize(
    "changed", [{"address": "Olive@acme.example"}, {"imap_username": "olive"}, {"imap_host": "elsewhere.example"}]
)
def test_it_goes_along_when_the_mailbox_gets_another_address_or_account(changed: dict[str, str]) -> None:
    with followed() as stage:
        url, member, ada = stage.send().header, stage.post.member, stage.post.people[0]
        refuse(url)
        first = stage.post.mailbox
        news = another(stage, "news@acme.example", imap_host=first.imap_host, imap_username=first.imap_username)
        update_mailbox(first, {"display_name": "Olive"}, smtp="", imap="")
        assert Suppression.objects.count() == 1, "nothing that it is known by has changed"
        update_mailbox(first, changed, smtp="", imap="")
        assert "Nothing has changed yet" not in text_of(Visitor().get(url))
        assert {row.evidence for row in Suppression.objects.all()} == {WORDS}
        for at, box in enumerate((first, news)):
            campaign = make_running_campaign(member, (ada,), (box,), name=f"Of {at}")
            make_due()
            assert deliver() == 0
            assert enrolled(campaign).stop_reason == StopReason.SUPPRESSED


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Gives a call that puts a new key before those of the instance."""

    def rotate() -> None:
        keys = replace(env(), credential_keys=(new_key(), *env().credential_keys))
        monkeypatch.setattr("outreach.kit.crypto.env", lambda: keys)
        instance_keyring.cache_clear()

    yield rotate
    monkeypatch.undo()
    instance_keyring.cache_clear()


def test_it_outlives_the_contact_the_mailbox_and_the_key(rotated: Callable[[], None]) -> None:
    with followed() as stage:
        url, member = stage.send().header, stage.post.member
        refuse(url)
        assert delete_contacts(member.workspace, [stage.post.people[0].pk]) == 1
        stage.campaign.delete()
        values = {name: getattr(stage.post.mailbox, name) for name in ("smtp_port", "smtp_security", "state")}
        stage.post.mailbox.delete()
        rotated()
        again = make_contact(member.workspace, "ada@x.test", country="US")
        box = make_mailbox(member.workspace, "Me@Acme.example", imap_host="elsewhere.example", **values)
        campaign = make_running_campaign(member, (again,), (box,), name="Later")
        make_due()
        assert deliver() == 0
        assert enrolled(campaign).stop_detail.lower() == TOLD.lower()


def test_nothing_more_is_recorded_of_messages_of_that_mailbox_and_of_another_one_it_is() -> None:
    with followed() as stage:
        mine, member, ada = stage.send(), stage.post.member, stage.post.people[0]
        theirs = make_running_campaign(member, (ada,), (another(stage),), name="Theirs")
        Campaign.objects.filter(pk=theirs.pk).update(track_opens=True)
        Variant.objects.filter(step__campaign=theirs).update(body_html=HTML)
        other = stage.send()
        Visitor().get(mine.image)
        assert carried() == 1
        refuse(mine.header)
        for one in (mine, other):
            Visitor().get(one.image)
        Visitor().get(mine.links[0])
        assert carried() == 1
        assert set(Hit.objects.values_list("message_id", flat=True)) == set(
            OutboundMessage.objects.values_list("id", flat=True)
        )


def test_no_answer_leaves_from_that_mailbox_until_they_have_written_again() -> None:
    with followed() as stage:
        url, post = stage.send().header, stage.post
        thread = her_mail(post, "Who are you?")
        answer(post.member, thread, wish())
        refuse(url)
        assert ground_of(thread).fault == f"{TOLD} They have not written since then, so nothing is written to them."
        make_due()
        assert deliver() == 0
        said = stage.message
        assert (said.campaign, said.state, said.reason) == (None, MessageState.CANCELLED, TOLD)
        her_mail(post, "Well, tell me.", message_id="<again@x.test>")
        assert ground_of(thread).overruled == f"{TOLD} They have written to you since."
        answer(post.member, thread, wish(confirmed=True))
        make_due()
        assert deliver() == 1


def test_only_an_admin_lifts_it_by_their_address_and_that_is_kept() -> None:
    with followed() as stage:
        url, member, ada = stage.send().header, stage.post.member, stage.post.people[0]
        refuse(url)
        row = Suppression.objects.get()
        page = text_of(signed_in(member).get(member.url("contacts:detail", ada.pk)))
        assert "Nothing from me@acme.example" in page
        assert "Mail of me@acme.example suppressed: opted out" in page
        assert "Nothing from me@acme.example" in text_of(signed_in(member).get(member.url("contacts:suppressions")))
        plain = make_member(member.workspace, Role.MEMBER)
        for who, typed in ((plain, "ada@x.test"), (member, "bob@x.test"), (member, row.value)):
            with pytest.raises((MayNotLift, PermissionDenied)):
                lift(who, row, why="She asked on the phone.", typed=typed)
        values = {"why": "She asked on the phone.", "typed": "Ada@x.test"}
        assert signed_in(member).post(member.url("contacts:suppression_lift", row.pk), values).status_code == 302
        kept = LiftedSuppression.objects.get()
        assert (kept.sender, kept.lifted_by, kept.scope) == ("me@acme.example", member.user.email, "sender")
        assert not refusing([(member.workspace.pk, "ada@x.test")])
        page = text_of(signed_in(member).get(member.url("contacts:detail", ada.pk)))
        assert "Suppression of Mail of me@acme.example lifted" in page
        again = make_running_campaign(member, (ada,), (stage.post.mailbox,), name="Again")
        make_due()
        assert deliver() == 1
        assert again.messages.count() == 1


def test_a_lift_of_one_address_says_which_one_still_bars_the_mailbox() -> None:
    with followed() as stage:
        url, member = stage.send().header, stage.post.member
        first = stage.post.mailbox
        another(stage, "sales@acme.example", imap_host=first.imap_host, imap_username=first.imap_username)
        refuse(url)
        said = []
        for row in Suppression.objects.order_by("value"):
            values = {"why": "She asked on the phone.", "typed": "ada@x.test"}
            page = signed_in(member).post(member.url("contacts:suppression_lift", row.pk), values, follow=True)
            said.append(text_of(page))
        assert "They still want no more from sales@acme.example: a mailbox with that address" in said[0]
        assert "may write to them again" not in said[0]
        assert "sales@acme.example may write to them again." in said[1]


@pytest.mark.parametrize("what", ["sender", "series"])
def test_what_went_while_they_pressed_is_not_said_to_be_done(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with followed() as stage:
        url, found = stage.send().header, recipient

        def gone_after(contact_id: int, message_id: int) -> Recipient | None:
            who = found(contact_id, message_id)
            OutboundMessage.objects.all().delete()
            Enrollment.objects.all().delete()
            return who

        monkeypatch.setattr("sending.tracking.host_views.recipient", gone_after)
        page = Visitor().post(url, {"what": what})
        assert page.status_code == 410
        assert "Nothing has changed yet: press a button. Never write to me again" in text_of(page)
        assert "No more from" not in text_of(page)
        assert not Suppression.objects.exists()


def test_it_is_of_the_address_then_and_now_and_the_export_of_suppressions_has_no_print() -> None:
    with followed() as stage:
        url, member = stage.send().header, stage.post.member
        Contact.objects.update(email="new@x.test", email_key="new@x.test")
        refuse(url)
        asked = [(member.workspace.pk, key) for key in ("ada@x.test", "new@x.test", "bob@x.test")]
        assert set(refusing(asked)) == set(asked[:2])
        client = signed_in(member)
        exported = b"".join(client.get(member.url("contacts:suppression_export")))
        assert SuppressionScope.SENDER.encode() not in exported
        OutboundMessage.objects.all().delete()
        assert "No more from" not in text_of(Visitor().get(url)), "nobody knows any more who wrote"
        assert Visitor().post(url, {"what": "sender"}).status_code == 400
