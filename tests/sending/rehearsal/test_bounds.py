"""What a rehearsal may not pass: time, bytes, people, and another one beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.db import connection

from sending.rehearsal import casting
from sending.rehearsal.casting import cast_of
from sending.rehearsal.curtain import curtain
from sending.rehearsal.errors import TookTooLong
from sending.rehearsal.mails import shortened
from sending.rehearsal.models import Rehearsal
from sending.rehearsal.process import lines_of
from sending.rehearsal.services import WORKSPACES, run_rehearsal, start_rehearsal
from tests.builders import make_running_campaign
from tests.sending.planner.stage import make_sender, make_team
from tests.sending.rehearsal.drafts import START, make_draft, make_people


def test_a_process_that_tells_nothing_is_given_up_in_time() -> None:
    command = [sys.executable, "-c", "print('{}', flush=True); import time; time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        lines = lines_of(process, time.monotonic() + 3)
        told = [next(lines), next(lines), next(lines)]
        assert b"{}" in told
        assert None in told, "a moment without a word is told as well: a cancel is looked for then"
        with pytest.raises(TookTooLong):
            list(lines)
        process.kill()


def test_a_mail_beyond_the_bound_keeps_its_headers_and_the_beginning_of_its_text() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Für Ada", "me@acme.example", "ada@x.com"
    mail.set_content("Grüße\n" + "x" * 10_000)
    mail.add_attachment(b"0" * 500_000, maintype="image", subtype="png")
    raw = shortened(mail.as_bytes(policy=policy.SMTP))
    assert len(raw) < 10_000
    kept = message_from_bytes(raw, policy=policy.default)
    assert (kept["Subject"], kept["To"]) == ("Für Ada", "ada@x.com")
    text = kept.get_content()
    assert text.startswith("Grüße")
    assert "more than 200 MB" in text


@pytest.mark.django_db(transaction=True)
def test_people_are_counted_over_all_campaigns_and_the_played_one_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casting, "MOST_PEOPLE", 5)
    member = make_team()
    mailbox = make_sender(member)
    people = make_people(member, 6)
    beside = make_running_campaign(member, tuple(people[3:]), (mailbox,), steps=1, name="Beside")
    draft = make_draft(member, people[:3], (mailbox,))
    with curtain():
        cast = cast_of(draft.pk, begins_at=START)
    assert len(cast.audience) == 3
    assert len(cast.enrollment_ids) == 2
    assert cast.left_out == 0, "of its own"
    assert cast.left_out_beside == {beside.pk: 1}, "and whose they are is named"


@pytest.mark.django_db(transaction=True)
def test_none_begins_while_the_process_of_another_is_still_there() -> None:
    member = make_team()
    draft = make_draft(member, make_people(member, 1), (make_sender(member),), steps=1)
    row = start_rehearsal(member, draft, days=7, seed=1, shares={}, hint=False)
    with closing(connection.copy()) as front:
        with front.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [WORKSPACES, member.workspace.pk])
        run_rehearsal(row.pk)
        assert Rehearsal.objects.get().state == "queued"
