"""A search reads no more than it shows, however many conversations have its words."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection

from sending.inbox.models import Thread, ThreadWords
from sending.inbox.threads.queries import threads_of
from sending.inbox.threads.searching import MOST_LOOKED_AT, read_search
from sending.inbox.threads.states import Scope
from tests.programs import program_of
from tests.sending.inbox.scene import CAME_AT, Scene, make_scene
from tests.sending.inbox.threads.test_page import listed, signed_in

pytestmark = pytest.mark.django_db
COUNT = 3_000


def talks(scene: Scene, count: int, *words: tuple[int, str]) -> None:
    """Make conversations, newer with each number, that say "hello big offer"; words: what some say instead."""
    Thread.objects.bulk_create(
        Thread(
            workspace=scene.workspace, mailbox=scene.mailbox, subject=f"Talk {number}",
            newest_at=CAME_AT + timedelta(seconds=number),
        )
        for number in range(count)
    )  # fmt: skip
    said = dict(words)
    texts = [said.get(number, "hello big offer") for number in range(count)]
    ids = list(Thread.objects.order_by("newest_at").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_thread_words SELECT v.id, to_tsvector('simple', v.text)"
            " FROM unnest(%s::bigint[], %s::text[]) AS v(id, text)",
            [ids, texts],
        )
        cursor.execute("ANALYZE inbox_thread, inbox_thread_words")


def test_words_side_by_side_are_looked_for_so_far_at_a_time_and_the_page_says_so() -> None:
    scene = make_scene()
    talks(scene, MOST_LOOKED_AT + 10, (2, "hello offer"), (1, "a pelican says hello offer"), (0, "an offer"))
    client, inbox = signed_in(scene.member), scene.member.url("inbox:list")
    first = client.get(f"{inbox}?q=%22hello+offer%22").text
    assert "Not found so far" in first
    assert "2000 conversations that may have it were looked through, as far as 5 January 2026, 12:00" in first
    more = re.search(r'href="(\?[^"]+)">Look further', first)
    assert more is not None
    second = client.get(inbox + unescape(more[1])).text
    assert listed(second) == ["Talk 2", "Talk 1"]
    assert "looked through" not in second, "it is the whole answer"
    assert listed(client.get(f"{inbox}?q=%22pelican+says%22").text) == ["Talk 1"], "a rare word leads there at once"
    assert listed(client.get(f"{inbox}?q=offer+-hello").text) == []
    assert listed(client.get(f"{inbox}?q=an+-hello").text) == ["Talk 0"]
    assert len(listed(client.get(f"{inbox}?q=%22hello+big%22").text)) == 50
    program = program_of(scene.member)
    answer = program.ask("GET", "/conversations?q=%22hello+offer%22").json()
    assert answer["results"] == []
    rest = program.ask("GET", f"/conversations?q=%22hello+offer%22&cursor={answer['next']}").json()
    assert ([one["subject"] for one in rest["results"]], rest["next"]) == (["Talk 2", "Talk 1"], "")


def test_what_is_asked_for_is_split_into_what_an_index_tells_and_the_rest() -> None:
    told = {
        "hello offer": ("'hello' & 'offer'", True),
        "hello or offer": ("'hello' | 'offer'", True),
        '"hello offer"': ("'hello' & 'offer'", False),
        "hello -offer": ("'hello'", False),
        "-hello": ("T", False),
        'big -"hello offer"': ("'big'", False),
    }
    for text, expected in told.items():
        found = read_search(text)
        assert found is not None
        assert (found.needs, found.is_exact) == expected, text
    assert read_search(" \x00 ") is None


def test_a_word_that_all_conversations_have_is_found_without_reading_all_of_them() -> None:
    scene = make_scene()
    talks(scene, COUNT)
    rows = threads_of(scene.member, Scope.ALL, sought=read_search("hello"))[:51]
    plan = rows.explain(analyze=True, format="json")
    assert len(rows) == 51
    assert ThreadWords.objects.count() == COUNT
    assert "Sort" not in plan
    assert '"Index Name": "inbox_everywhere"' in plan
