"""Templates and snippets of the library in answers: with what is known of the reader, and what is lacking shown."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from campaigns.contacts.models import Contact
from campaigns.library.checking import SnippetEntry, TemplateEntry
from campaigns.library.services import create_snippet, create_template
from campaigns.templating import compile_template, left_open, render_open
from sending.inbox.models import Draft, InboundMessage, Thread
from sending.inbox.threads.answers import Wish, answer, keep_draft
from sending.inbox.threads.services import NotPossible
from sending.outbox.models import OutboundMessage
from tests.builders import make_workspace
from tests.sending.inbox.scene import Scene, come_in, mail, make_scene
from tests.sending.inbox.threads.test_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    Contact.objects.filter(pk=made.contact.pk).update(first_name="Ada")
    return made


def talk(scene: Scene, sender: str = "Ada <ada@x.example>") -> Thread:
    row = come_in(scene, mail("What does it cost?", sender=sender, in_reply_to=scene.message.message_id))
    assert row.thread is not None
    return row.thread


def shown(scene: Scene, thread: Thread, query: str = "", **headers: str) -> list[str]:
    page = signed_in(scene.member, **headers).get(scene.member.url("inbox:thread_phrases", thread.pk) + query)
    assert page.status_code == 200
    return re.findall(r'data-text="([^"]*)"', page.text)


def template(scene: Scene, name: str, text: str) -> int:
    return create_template(scene.member, TemplateEntry(name, "", "", text)).pk


def test_entries_are_filled_for_whoever_is_answered_and_found_by_their_words(scene: Scene) -> None:
    template(scene, "Prices", "Hi {{ first_name }},\n\nten a month.")
    create_snippet(scene.member, SnippetEntry("Who we are", "We make tea, {{ first_name|lower }}."))
    thread = talk(scene)
    assert shown(scene, thread) == ["Hi Ada,\n\nten a month.", "We make tea, ada."]
    assert shown(scene, thread, "?q=tea") == ["We make tea, ada."]
    assert shown(scene, thread, "?q=nothing%00") == []
    found = {"hx_request": "true", "hx_target": "phrases-found"}
    assert shown(scene, thread, "?q=ten", **found) == ["Hi Ada,\n\nten a month."]


def test_what_is_not_known_and_what_the_template_leaves_stays_open_and_is_told(scene: Scene) -> None:
    template(scene, "Prices", "{{ first_name }} of {{ company }}: [[what they asked]]")
    thread = talk(scene)
    assert shown(scene, thread) == ["Ada of [[company]]: [[what they asked]]"]
    page = signed_in(scene.member).get(scene.member.url("inbox:thread_phrases", thread.pk)).text
    assert "Leaves open: [[company]], [[what they asked]]" in page


def test_a_colleague_is_not_called_by_the_name_of_whom_we_wrote_to(scene: Scene) -> None:
    Contact.objects.filter(pk=scene.contact.pk).update(company="Example plc")
    template(scene, "Prices", "Hi {{ first_name }} of {{ company }}")
    assert shown(scene, talk(scene, "Bob <bob@x.example>")) == ["Hi [[first_name]] of Example plc"]


def test_without_scripts_an_entry_is_put_under_the_draft(scene: Scene) -> None:
    pk, thread = template(scene, "Prices", "Hi {{ first_name }} of {{ company }}"), talk(scene)
    keep_draft(scene.member, thread, "Begun.\n")
    sent = {"kind": "template", "entry": str(pk), "list": "scope=mine"}
    answered = signed_in(scene.member).post(scene.member.url("inbox:thread_phrase", thread.pk), sent)
    assert answered.headers["Location"] == scene.member.url("inbox:thread", thread.pk) + "?scope=mine"
    assert Draft.objects.get().text == "Begun.\n\nHi Ada of [[company]]"
    page = signed_in(scene.member).get(scene.member.url("inbox:thread", thread.pk)).text
    assert "<code>[[company]]</code>" in page


def test_an_answer_with_something_open_leaves_only_on_somebodys_word(scene: Scene) -> None:
    thread, client = talk(scene), signed_in(scene.member)
    url = scene.member.url("inbox:thread_answer", thread.pk)
    hers = InboundMessage.objects.get().pk
    for text in ("Hi [[first_name]]", "Hi {{ first_name }}", "{% if x %}Hi"):
        with pytest.raises(NotPossible, match="still holds"):
            answer(scene.member, thread, Wish(text=text, token=uuid4(), mail_id=hers))
    sent = {"text": "Write [[name]] there", "token": str(uuid4()), "mail": str(hers)}
    assert "still holds [[name]]" in client.post(url, sent, follow=True).text
    assert Draft.objects.get().text == "Write [[name]] there"
    client.post(url, {**sent, "as_it_stands": "1"})
    assert OutboundMessage.objects.get(answer__thread=thread).body_text.startswith("Write [[name]] there")


def test_a_draft_that_is_kept_by_its_page_tells_what_is_open(scene: Scene) -> None:
    url = scene.member.url("inbox:thread_draft", talk(scene).pk)
    client = signed_in(scene.member, hx_request="true")
    assert "[[company]]" in client.post(url, {"text": "Hi [[company]]"}).text
    assert client.post(url, {"text": "Hi there"}).text.strip() == ""


def test_entries_of_another_workspace_are_not_there(scene: Scene) -> None:
    other = make_scene(make_workspace("theirs").slug + "2")
    pk = template(other, "Secret", "Their words")
    thread = talk(scene)
    assert shown(scene, thread) == []
    sent = {"kind": "template", "entry": str(pk)}
    url = scene.member.url("inbox:thread_phrase", thread.pk)
    assert signed_in(scene.member).post(url, sent).status_code == 404
    assert signed_in(scene.member).post(url, {"kind": "snippet", "entry": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("source", "expected", "still"),
    [
        ("Hi {{ first_name }}", "Hi Ada", []),
        ("Hi {{ last_name|default('you') }}", "Hi you", []),
        ("{{ last_name }} {{ city|upper }}", "[[last_name]] [[CITY]]", ["[[last_name]]", "[[CITY]]"]),
        ("{% if city %}in {{ city }}{% else %}there{% endif %}", "there", []),
    ],
)
def test_what_a_person_lacks_stays_open_for_whoever_writes(source: str, expected: str, still: list[str]) -> None:
    made = render_open(compile_template(source), {"first_name": "Ada"})
    assert (made, left_open(made)) == (expected, still)
