"""A search reads no more than it shows, however many conversations have its words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from sending.inbox.models import Thread, ThreadWords
from sending.inbox.threads.queries import threads_of
from sending.inbox.threads.states import Scope
from tests.sending.inbox.scene import CAME_AT, make_scene

pytestmark = pytest.mark.django_db
COUNT = 3_000


def test_a_word_that_all_conversations_have_is_found_without_reading_all_of_them() -> None:
    scene = make_scene()
    Thread.objects.bulk_create(
        Thread(workspace=scene.workspace, mailbox=scene.mailbox, newest_at=CAME_AT + timedelta(seconds=number))
        for number in range(COUNT)
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO inbox_thread_words SELECT id, to_tsvector('simple', 'hello') FROM inbox_thread")
        cursor.execute("ANALYZE inbox_thread, inbox_thread_words")
    rows = threads_of(scene.member, Scope.ALL, search="hello")[:51]
    plan = rows.explain(analyze=True, format="json")
    assert len(rows) == 51
    assert ThreadWords.objects.count() == COUNT
    assert "Sort" not in plan
    assert '"Index Name": "inbox_everywhere"' in plan
