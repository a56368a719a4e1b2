"""What a team does with a conversation: snooze, assign, label, note; each shows in the lists at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.sequences.states import ReplyClass
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.inbox.models import Label, Thread, ThreadNote
from sending.inbox.threads import services, snoozes
from sending.inbox.threads.services import NotPossible
from sending.inbox.threads.states import ThreadState
from tests.builders import make_member, make_workspace
from tests.sending.inbox.scene import Scene, come_in, mail, make_scene
from tests.sending.inbox.threads.test_page import inbox, listed, signed_in, write

ZONE = ZoneInfo("Europe/Warsaw")
FRIDAY = datetime(2026, 1, 9, 15, tzinfo=UTC)


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def test_a_conversation_sleeps_until_its_time_and_comes_back_unread(scene: Scene) -> None:
    talk = write(scene, 1)
    services.mark_read(scene.member, talk, is_read=True)
    services.snooze(scene.member, talk, clock.now() + timedelta(hours=1))
    assert services.wake_sleepers() == 0
    assert listed(inbox(scene.member)) == []
    assert listed(inbox(scene.member, "?scope=snoozed")) == ["Talk 1"]
    Thread.objects.update(snoozed_until=clock.now() - timedelta(seconds=1))
    assert services.wake_sleepers() == 1
    talk.refresh_from_db()
    assert (talk.state, talk.snoozed_until, talk.is_unread) == (ThreadState.OPEN, None, True)
    assert services.wake_sleepers() == 0


@pytest.mark.parametrize("wait", [None, timedelta(seconds=-1), timedelta(days=400)])
def test_nothing_sleeps_until_the_past_or_for_years(scene: Scene, wait: timedelta | None) -> None:
    talk = write(scene, 1)
    with pytest.raises(NotPossible):
        services.snooze(scene.member, talk, clock.now() + wait if wait else None)
    assert Thread.objects.get().state == ThreadState.OPEN


def test_what_is_offered_lies_ahead_on_the_workspaces_clock() -> None:
    offers = {one.words: one.until.astimezone(ZONE).isoformat() for one in snoozes.offered(FRIDAY, ZONE)}
    assert offers == {
        "This evening": "2026-01-09T18:00:00+01:00",
        "Tomorrow morning": "2026-01-10T09:00:00+01:00",
        "Next Monday": "2026-01-12T09:00:00+01:00",
        "In a month": "2026-02-08T09:00:00+01:00",
    }
    assert "This evening" not in {one.words for one in snoozes.offered(FRIDAY + timedelta(hours=2), ZONE)}


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-10T09:00", 8),
        ("2026-01-10T09:00+00:00", 9),
        ("nonsense", None),
        ("2026-01-09T15:00", None),
        ("", None),
    ],
)
def test_what_is_typed_stands_on_the_workspaces_clock(text: str, hour: int | None) -> None:
    expected = None if hour is None else datetime(2026, 1, 10, hour, tzinfo=UTC)
    assert snoozes.read(text, FRIDAY, ZONE) == expected


def test_only_who_may_work_here_is_given_a_conversation(scene: Scene) -> None:
    talk = write(scene, 1)
    mate = make_member(scene.workspace, Role.MEMBER)
    client = signed_in(scene.member)
    url = scene.member.url("inbox:thread_assignee", talk.pk)
    client.post(url, {"assignee": mate.user.pk})
    assert listed(inbox(mate, "?scope=mine")) == ["Talk 1"]
    strangers = [make_member(scene.workspace, Role.VIEWER), make_member(make_workspace("other"))]
    for wanted in (*(one.user.pk for one in strangers), "nonsense", "9" * 30):
        client.post(url, {"assignee": wanted})
        assert Thread.objects.get().assignee == mate.user
    client.post(url, {"assignee": ""})
    assert Thread.objects.get().assignee is None


def test_labels_are_put_on_listed_and_go_with_their_last_conversation(scene: Scene) -> None:
    talk, other = write(scene, 1), write(scene, 2)
    first = services.put_label(scene.member, talk, "  Hot   lead ")
    assert services.put_label(scene.member, talk, "hot lead") == first
    assert services.put_label(scene.member, other, "HOT LEAD") == first
    services.put_away(scene.member, talk)
    page = inbox(scene.member, f"?label={first.pk}")
    assert listed(page) == ["Talk 2", "Talk 1"], "a label leads to all of them"
    assert listed(inbox(scene.member, f"?label={first.pk}&scope=unread")) == ["Talk 2"]
    assert listed(inbox(scene.member, "?label=999999")) == ["Talk 2"], "no such label"
    services.take_label(scene.member, talk, first.pk)
    assert Label.objects.get() == first
    services.take_label(scene.member, other, first.pk)
    assert not Label.objects.exists()


def test_labels_of_another_workspace_stay_there(scene: Scene) -> None:
    other = make_scene("other")
    theirs = services.put_label(other.member, write(other, 1), "Hot")
    talk = write(scene, 2)
    assert services.put_label(scene.member, talk, "Hot") != theirs
    services.take_label(scene.member, talk, theirs.pk)
    assert Label.objects.filter(pk=theirs.pk).exists()
    assert "Talk" not in "".join(listed(inbox(scene.member, f"?label={theirs.pk}&scope=done")))


@pytest.mark.parametrize("name", ["", "   ", "\x00"])
def test_a_label_needs_a_name(scene: Scene, name: str) -> None:
    with pytest.raises(NotPossible):
        services.put_label(scene.member, write(scene, 1), name)


def test_a_note_stands_in_the_conversation_and_is_found(scene: Scene) -> None:
    talk = write(scene, 1)
    client = signed_in(scene.member)
    client.post(scene.member.url("inbox:thread_note", talk.pk), {"text": "Call her on <b>Friday</b>"})
    page = client.get(scene.member.url("inbox:thread", talk.pk)).text
    assert "Call her on &lt;b&gt;Friday" in page
    assert listed(inbox(scene.member, "?q=Friday")) == ["Talk 1"]
    client.post(scene.member.url("inbox:thread_note", talk.pk), {"text": " "})
    client.post(scene.member.url("inbox:thread_note", talk.pk), {"text": "x" * 4001})
    assert ThreadNote.objects.count() == 1


def test_each_act_is_seen_by_pages_that_are_open(scene: Scene) -> None:
    talk = write(scene, 1)
    label = services.put_label(scene.member, talk, "Hot")
    acts = {
        "inbox:thread_label": {"off": label.pk},
        "inbox:thread_assignee": {"assignee": scene.member.user.pk},
        "inbox:thread_note": {"text": "Hello"},
        "inbox:thread_done": {},
        "inbox:thread_open": {},
        "inbox:thread_snooze": {"until": (clock.now() + timedelta(days=1)).isoformat()},
    }
    client = signed_in(scene.member)
    for name, data in acts.items():
        before = Thread.objects.get().version
        assert client.post(scene.member.url(name, talk.pk), data).status_code == 302
        assert Thread.objects.get().version > before, name


def test_the_class_of_the_newest_answer_is_said_in_the_conversation(scene: Scene) -> None:
    row = come_in(scene, mail("Yes", in_reply_to=scene.message.message_id))
    client = signed_in(scene.member)
    sent = {"label": ReplyClass.POSITIVE, "back": "thread"}
    answer = client.post(scene.member.url("inbox:label", row.pk), sent)
    assert answer.headers["Location"] == scene.member.url("inbox:thread", row.thread_id)
    assert Thread.objects.get().says == ReplyClass.POSITIVE
