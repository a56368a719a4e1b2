"""A rehearsal reaches nothing real: database and process refuse it, and nothing has changed after it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.models import Workspace
from outreach.kit import gate, statements
from sending.domains.keys import opened
from sending.domains.models import DomainKey
from sending.mailboxes.models import Credential, Mailbox
from sending.outbox.models import OutboundMessage
from sending.rehearsal.casting import cast_of
from sending.rehearsal.curtain import curtain
from sending.rehearsal.models import Rehearsal
from sending.rehearsal.performance import Orders
from sending.rehearsal.play import begin
from sending.rehearsal.process import played
from sending.rehearsal.script import USUAL, Script
from sending.rehearsal.stage import empty_tables, set_stage, tidy
from sending.rehearsal.telling import Arrival, Message, Report
from tests.builders import make_domain_key, make_running_campaign
from tests.sending.planner.stage import make_sender, make_team
from tests.sending.rehearsal.drafts import DAY, START, finding, make_draft, make_people, of, report_of
from tests.worlds import models_of_rooms

pytestmark = pytest.mark.django_db(transaction=True)

HELD_GATES = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database()
"""


@contextmanager
def listener() -> Iterator[tuple[int, list[object]]]:
    """Listen on a port of loopback; yields it, and whoever has called."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    caller, address = server.accept()
                except OSError:
                    return
                callers.append(address)
                caller.close()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield server.getsockname()[1], callers
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def everything() -> dict[str, list[dict[str, object]]]:
    """Return every row of every table."""
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models_of_rooms()}


def test_a_whole_rehearsal_changes_no_row_and_calls_no_server() -> None:
    member = make_team()
    with listener() as (port, callers):
        servers: dict[str, Any] = {"smtp_port": port, "imap_port": port}
        mailbox = make_sender(member, gap_min_s=60, gap_max_s=60, **servers)
        people = make_people(member, 40)
        make_running_campaign(member, tuple(people[:3]), (mailbox,), steps=2, name="Beside")
        draft = make_draft(member, people, (mailbox,))
        before = everything()
        shares = dict.fromkeys(USUAL, 60)
        with played(Orders(draft.pk, START, START + 20 * DAY, Script(3, shares))) as lines:
            told = [one for one in lines if one is not None]
        assert everything() == before
        assert callers == []
    assert of(told, Message), "it has played"
    assert of(told, Arrival), "and something came back"
    assert before["sequences.Campaign"][-1]["state"] == "draft"


def test_behind_the_curtain_real_tables_have_no_name_and_cannot_be_written() -> None:
    member = make_team()
    draft = make_draft(member, make_people(member, 2), (make_sender(member),))
    with curtain():
        with pytest.raises(ProgrammingError, match="does not exist"):
            Contact.objects.count()
        with connection.cursor() as cursor, pytest.raises(InternalError, match="read-only transaction"):
            cursor.execute("UPDATE public.contacts_contact SET first_name = 'x'")
        with connection.cursor() as cursor, pytest.raises(InternalError, match="read-only transaction"):
            cursor.execute("SELECT nextval('public.outbox_message_id_seq')")
        set_stage(cast_of(draft.pk, begins_at=START))
        workspace = Workspace.objects.get()
        suppress(workspace, "p0@example0.com", SuppressionReason.MANUAL)
        Contact.objects.update(first_name="Changed")
        assert Suppression.objects.count() == 1, "on the stage"
        connection.close()  # a session that is lost takes the stage along, and the next one is as harmless
        with pytest.raises(ProgrammingError, match="does not exist"):
            Contact.objects.count()
    assert not Suppression.objects.exists()
    assert not Contact.objects.filter(first_name="Changed").exists()
    assert Contact.objects.count() == 2, "and in front of it everything is as ever"


def test_no_password_and_no_key_comes_onto_the_stage_and_no_gate_is_held_there() -> None:
    member = make_team()
    draft = make_draft(member, make_people(member, 1), (make_sender(member),))
    key = make_domain_key(member.workspace, "acme.example")
    with closing(connection.copy()) as front, curtain():
        set_stage(cast_of(draft.pk, begins_at=START))
        assert Mailbox.objects.count() == 1
        assert not Credential.objects.exists()
        assert opened(DomainKey.objects.get()).private_pem != opened(key).private_pem, "what is signed proves nothing"
        with transaction.atomic():
            gate.hold_shut(member.workspace.pk)
            with front.cursor() as cursor:
                cursor.execute(HELD_GATES)
                assert cursor.fetchone() == (0,)


def test_the_planner_of_statements_learns_how_full_the_stage_has_become() -> None:
    member = make_team()
    draft = make_draft(member, make_people(member, 3), (make_sender(member),))
    count = "SELECT reltuples FROM pg_class WHERE oid = 'pg_temp.planner_enrollment'::regclass"
    with curtain():
        cast = cast_of(draft.pk, begins_at=START)
        set_stage(cast)
        begin(cast)
        for enrolled in (0.0, 3.0):
            assert statements.run(count) == [(enrolled,)]
            tidy()


def test_what_begins_empty_is_known_so_that_nothing_a_claim_asks_is_forgotten() -> None:
    # People and keys; files, searches and acts of pages; what is counted anew; the post that came before.
    assert empty_tables() == {
        *("accounts_user", "accounts_membership", "accounts_api_key", "accounts_kept_answer"),
        *("domains_watched", "domains_report", "postmaster_address_span", "postmaster_file", "postmaster_domain_day"),
        *("dmarc_report", "dmarc_row", "dmarc_tls_row"),
        *("contacts_bulk_act", "contacts_bulk_part", "contacts_import_chunk", "contacts_rejected_row"),
        *("contacts_dry_run", "contacts_import_change", "contacts_import_trace", "contacts_note", "contacts_edit"),
        *("contacts_erasure", "contacts_retention", "contacts_retention_run", "contacts_suppression_lifted"),
        *(
            "contacts_list_interest",
            "contacts_field_removal",
            "contacts_segment_use",
            "contacts_check",
            "contacts_check_domain",
        ),
        *("library_template", "library_use", "library_snippet", "ledger_daily_tally", "ledger_stretch"),
        *("guard_installation", "guard_finding", "guard_adoption"),
        *("planner_campaign_tag", "planner_campaign_hold", "planner_campaign_outlook"),
        *("mailboxes_credential", "mailboxes_pending_sign_in", "mailboxes_connection_test", "mailboxes_health_change"),
        *("outbox_attempt", "inbox_thread", "inbox_thread_words", "inbox_label", "inbox_thread_label"),
        *("inbox_thread_note", "inbox_draft", "inbox_answer", "inbox_folder", "inbox_drop_item", "inbox_set_aside"),
        # nothing of a rehearsal can be followed
        *("links_destination", "links_personal_destination", "links_tracking_domain"),
        *("tracking_hit", "tracking_gone_contact"),
        *("inbox_sync", "inbox_back_fill", "inbox_sent_search", "inbox_label_change"),
    }


def test_its_process_opens_no_socket() -> None:
    program = """
import asyncio, imaplib, os, smtplib, socket, sys
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "outreach.settings"
django.setup()
from django.db import connection
from sending.rehearsal.curtain import shut_for_good
shut_for_good(sys.argv[1])
for call in (
    lambda: smtplib.SMTP("127.0.0.1", 25),
    lambda: imaplib.IMAP4("127.0.0.1", 143),
    lambda: socket.create_connection(("127.0.0.1", 80)),
    lambda: socket.getaddrinfo("example.com", 25),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)),
):
    try:
        call()
    except PermissionError as error:
        print(error)
with connection.cursor() as cursor:
    cursor.execute("SHOW default_transaction_read_only")
    print(cursor.fetchone())
"""
    command = [sys.executable, "-c", program, str(connection.settings_dict["NAME"])]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert len(said) == 6
    assert all("a rehearsal opens no connection" in line for line in said[:5]), said
    assert said[5] == "('on',)"


def test_a_rehearsal_beside_a_running_stack_has_no_key_to_its_guard_and_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "guard.json").write_text("of another database")
    (tmp_path / "run.env").write_text(f"OUTREACH_JOURNAL_DIR={tmp_path / 'journal'}\n")
    monkeypatch.setenv("OUTREACH_DATA_DIR", str(tmp_path))
    member = make_team()
    draft = make_draft(member, make_people(member, 1), (make_sender(member),), steps=1)
    with played(Orders(draft.pk, START, START + DAY, most_s=10)) as lines:
        told = [one for one in lines if one is not None]
    assert len(of(told, Message)) == 1
    assert report_of(told).ending == "done"


def test_a_rehearsal_without_anybody_to_write_to_says_so() -> None:
    member = make_team()
    draft = make_draft(member, make_people(member, 1), (make_sender(member),))
    suppress(member.workspace, "p0@example0.com", SuppressionReason.MANUAL)
    with played(Orders(draft.pk, START, START + DAY)) as lines:
        report = report_of([one for one in lines if one is not None])
    assert isinstance(report, Report)
    assert finding(report, "skipped")["reason"] == "suppressed"
    assert finding(report, "nothing")["tone"] == "red"
    assert not OutboundMessage.objects.exists()
    assert not Rehearsal.objects.exists()
