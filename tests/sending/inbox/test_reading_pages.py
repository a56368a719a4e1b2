"""The pages of how a mailbox is read: freshness, back-fill, and mails that could not be taken in."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from django.test import Client

from outreach.accounts.roles import Role
from sending.inbox.models import BackFill, MailboxSync, MailFolder, SetAside
from sending.mailboxes.models import MailboxClock
from sending.mailboxes.states import MailboxState
from tests.builders import make_member, make_set_aside
from tests.sending.inbox.scene import Scene, days, make_scene
from tests.sending.inbox.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    type(made.mailbox).objects.update(state=MailboxState.ACTIVE)
    MailboxSync.objects.create(mailbox=made.mailbox, next_at=Now() + days(1))
    return made


@pytest.fixture
def client(scene: Scene) -> Client:
    return signed_in(scene.member)


def url(scene: Scene, name: str = "inbox:reading") -> str:
    return scene.member.url(name, scene.mailbox.pk)


def test_freshness_is_told_and_that_follow_ups_wait(scene: Scene, client: Client) -> None:
    lists = scene.member.url("mailboxes:list"), scene.member.url("mailboxes:detail", scene.mailbox.pk)
    assert "was not read to its end yet: its follow-ups wait" in client.get(url(scene)).text
    MailboxClock.objects.update(synced_at=Now())
    MailFolder.objects.create(mailbox=scene.mailbox, name="Spam & <Co>", last_uid=77)
    page = client.get(url(scene)).text
    assert "so its follow-ups may leave" in page
    assert "Spam &amp; &lt;Co&gt;" in page
    assert not any("Follow-ups wait" in client.get(one).text for one in lists)
    MailboxClock.objects.update(synced_at=Now() - days(1))
    assert "so its follow-ups wait" in client.get(url(scene)).text
    assert all("Follow-ups wait" in client.get(one).text for one in lists)


def test_a_failed_reading_is_told_with_the_next_try(scene: Scene, client: Client) -> None:
    MailboxSync.objects.update(failures=2, problem="The server answered: NO [LIMIT] too many")
    page = client.get(url(scene)).text
    assert "NO [LIMIT] too many" in page
    assert "asked less and less often" in page


def test_a_person_has_it_read_now_and_older_mail_too(scene: Scene, client: Client) -> None:
    assert client.post(url(scene, "inbox:back_fill"), {"days": "14"}).status_code == 302
    assert BackFill.objects.get().days == 14
    assert MailboxSync.objects.filter(next_at__lte=Now()).exists()
    assert "begins with the next reading" in client.get(url(scene)).text
    BackFill.objects.update(looked_at=300, taken_in=20, left=100)
    page = client.get(url(scene)).text
    assert 'value="75" max="100"' in page
    assert "100 left" in page
    BackFill.objects.update(left=0, finished_at=Now())
    assert "300 mails looked at, 20 of them new" in client.get(url(scene)).text
    MailboxSync.objects.update(next_at=Now() + days(1))
    client.post(url(scene, "inbox:reading_now"))
    assert MailboxSync.objects.filter(next_at__lte=Now()).exists()


@pytest.mark.parametrize("typed", ["", "0", "-3", "366", "1e3", "٣", "many"])
def test_days_that_make_no_sense_are_refused_in_words(scene: Scene, client: Client, typed: str) -> None:
    page = client.post(url(scene, "inbox:back_fill"), {"days": typed}, follow=True).text
    assert "Between 1 and 365 days can be read." in page
    assert not BackFill.objects.exists()


def test_what_could_not_be_taken_in_is_listed_with_its_reason_and_tried_again(scene: Scene, client: Client) -> None:
    listed = scene.member.url("inbox:set_aside")
    assert "Everything was taken in" in client.get(listed).text
    row = make_set_aside(scene.mailbox, reason="It broke <b>us</b>.")
    assert "1 mail could not be taken in" in client.get(scene.member.url("inbox:list")).text
    assert "1 mail</a>" in client.get(url(scene)).text
    page = client.get(listed).text
    assert "It broke &lt;b&gt;us&lt;/b&gt;." in page
    client.post(scene.member.url("inbox:set_aside_again", row.pk))
    assert (SetAside.objects.get().tries, SetAside.objects.get().aside_at) == (0, None)
    assert MailboxSync.objects.filter(next_at__lte=Now()).exists()
    assert "tried again with the next reading" in client.get(listed).text


def test_a_viewer_sees_it_and_changes_nothing(scene: Scene) -> None:
    viewer = signed_in(make_member(scene.workspace, Role.VIEWER))
    row = make_set_aside(scene.mailbox)
    assert "Read them" not in viewer.get(url(scene)).text
    assert "Try again" not in viewer.get(scene.member.url("inbox:set_aside")).text
    for path in (url(scene, "inbox:back_fill"), scene.member.url("inbox:set_aside_again", row.pk)):
        assert viewer.post(path, {"days": "3"}).status_code == 403
