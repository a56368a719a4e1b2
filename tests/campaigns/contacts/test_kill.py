"""F22: a worker killed at any moment of an import, or of its undo, leaves nothing half; the next one goes on there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from campaigns.contacts import services
from campaigns.contacts.core.rows import Rejected, RowReader
from campaigns.contacts.core.table import Broken
from campaigns.contacts.models import (
    Contact,
    ContactImport,
    CustomField,
    FieldRemoval,
    ImportChange,
    ListMember,
    RejectedRow,
)
from campaigns.contacts.services import removing, undoing
from campaigns.contacts.services.locks import running_imports
from campaigns.contacts.services.staging import staged_imports
from campaigns.contacts.states import ImportState
from tests.builders import make_contact, make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 15_000
# Once so many rows are committed, and so many seconds after that: in reading, then in the merge.
MOMENTS = [(0, 0.0), (0, 0.1), (1, 0.0), (4_000, 0.05), (9_000, 0.0), (ROWS, 0.0), (ROWS, 0.1), (ROWS, 0.2)]


def file_of(rows: int) -> bytes:
    lines = (f"p{n}@x{n % 50}.example,First {n},Note {n}\n" if n % 100 else f"broken {n},x,y\n" for n in range(rows))
    return ("email,first name,note\n" + "".join(lines)).encode()


@contextmanager
def worker(import_id: int, work: str = "run") -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable, "-m", "tests.campaigns.contacts.import_worker",
        str(connection.settings_dict["NAME"]), str(import_id), work,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def wait_until_committed(row: ContactImport, rows: int) -> None:
    deadline = time.monotonic() + 20
    while row.state == ImportState.QUEUED or (row.state == ImportState.RUNNING and row.rows_read < rows):
        assert time.monotonic() < deadline, "the worker never came so far"
        time.sleep(0.002)
        row.refresh_from_db(fields=["state", "rows_read"])


def wait_until_lock_is_free() -> None:
    deadline = time.monotonic() + 20
    while running_imports():
        assert time.monotonic() < deadline, "PostgreSQL still holds the lock of a dead worker"
        time.sleep(0.02)


def test_kill_9_at_many_moments_leaves_no_half_contacts_and_no_double_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    make_contact(workspace, "p1@x1.example", first_name="Old")
    row = services.store_upload(workspace, "leads.csv", [file_of(ROWS)])
    services.confirm(row, row.mapping, leads, hint=False)
    row.refresh_from_db()
    killed_while_running = reached = 0
    for rows, more_s in MOMENTS:
        ContactImport.objects.filter(pk=row.pk).update(attempts=0)
        with worker(row.pk) as process:
            wait_until_committed(row, rows)
            time.sleep(more_s)
            process.kill()
            process.wait(10)
        wait_until_lock_is_free()
        row.refresh_from_db()
        if row.state == ImportState.DONE:
            services.sweep_imports()  # killed behind the end: what is left of the stage is the sweep's
            break
        killed_while_running += row.state == ImportState.RUNNING
        assert row.rows_read >= reached, "what was committed is read again"
        reached = row.rows_read
        assert list(Contact.objects.values_list("email_key", "first_name")) == [("p1@x1.example", "Old")]
        assert not ListMember.objects.exists()
        services.sweep_imports()
        row.refresh_from_db()
        assert row.state == ImportState.QUEUED
    assert killed_while_running >= 5, "too few kills hit the import while it ran"
    read = RowReader.read
    lines: list[int] = []

    def read_and_tell(reader: RowReader, line: int, cells: list[str] | Broken) -> list[str] | Rejected:
        lines.append(line)
        return read(reader, line, cells)

    monkeypatch.setattr(RowReader, "read", read_and_tell)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert lines == [], "what had been read was read again for the merge"
    assert staged_imports() == []
    assert (row.rows_read, row.rows_created, row.rows_updated) == (ROWS, ROWS - ROWS // 100 - 1, 1)
    assert (row.rows_unchanged, row.rows_rejected) == (0, ROWS // 100)
    assert Contact.objects.count() == ListMember.objects.count() == ROWS - ROWS // 100
    assert RejectedRow.objects.count() == ROWS // 100


def test_kill_9_in_an_undo_takes_nothing_back_twice_and_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "_SMALL", 0)
    member = make_member(make_workspace())
    leads = make_list(member.workspace)
    Contact.objects.bulk_create(
        Contact(workspace=member.workspace, email=f"p{n}@x{n % 50}.example", email_key=f"p{n}@x{n % 50}.example",
                domain=f"x{n % 50}.example", first_name=f"Old {n}", fields={"note": "old"})
        for n in range(1, 2_000, 2)
        if n % 100
    )  # fmt: skip
    known = list(Contact.objects.order_by("pk").values())
    row = services.store_upload(member.workspace, "leads.csv", [file_of(4_000)])
    services.confirm(row, row.mapping, leads, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    noted = Contact.objects.filter(origin=row).order_by("pk")[500]
    services.add_note(member, noted, "Called her.")
    services.undo_import(row, by=member.user, hint=False)
    killed_in_the_middle = 0
    for name, number in [("removed", 1), ("removed", 1_000), ("restored", 1), ("restored", 500)]:
        with worker(row.pk, "undo") as process:
            while row.state == ImportState.UNDOING and row.undo[name] < number and process.poll() is None:
                time.sleep(0.002)
                row.refresh_from_db(fields=["state", "undo"])
            process.kill()
            process.wait(10)
        wait_until_lock_is_free()
        row.refresh_from_db()
        created, changed = Contact.objects.filter(origin=row).count(), ImportChange.objects.count()
        assert created == row.rows_created - row.undo["removed"]
        assert changed == row.rows_updated - row.undo["restored"]
        assert Contact.objects.filter(first_name__startswith="Old").count() == row.undo["restored"]
        killed_in_the_middle += row.state == ImportState.UNDOING
    assert killed_in_the_middle >= 2, "too few kills hit the undo while it ran"
    services.run_undo(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.UNDONE
    assert list(Contact.objects.filter(origin=None).order_by("pk").values()) == known
    assert list(Contact.objects.exclude(origin=None)) == [noted]
    assert list(ListMember.objects.values_list("contact", flat=True)) == [noted.pk]
    assert row.undo["removed"] == row.rows_created - 1
    assert row.undo["kept"] == {"contacts.contactnote": 1}
    assert (row.undo["restored"], row.undo["places"]) == (len(known), len(known))


def test_kill_9_in_the_removal_of_a_field_leaves_the_rest_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "_AT_ONCE", 0)
    member, total = make_member(make_workspace()), 2_000
    Contact.objects.bulk_create(
        Contact(workspace=member.workspace, email=f"p{n}@x.example", email_key=f"p{n}@x.example", domain="x.example",
                fields={"size": "5", "kept": "x"})
        for n in range(total)
    )  # fmt: skip
    size = CustomField.objects.create(workspace=member.workspace, name="size")
    assert services.delete_field(size, hint=False) is None
    row = FieldRemoval.objects.get()
    with worker(row.pk, "remove") as process:
        while row.contacts < 200 and process.poll() is None:
            time.sleep(0.002)
            row.refresh_from_db(fields=["contacts"])
        process.kill()
        process.wait(10)
    row.refresh_from_db()
    with_field = Contact.objects.filter(fields__has_key="size")
    assert 200 <= row.contacts < total, "the kill did not hit it in the middle"
    assert with_field.count() == total - row.contacts
    assert not with_field.filter(pk__lte=row.after).exists()
    services.run_removal(row.pk)
    assert not with_field.exists()
    assert Contact.objects.filter(fields={"kept": "x"}).count() == total
    assert not FieldRemoval.objects.exists()


def test_two_workers_on_one_import_run_it_once() -> None:
    workspace = make_workspace()
    row = services.store_upload(workspace, "leads.csv", [file_of(ROWS)])
    services.confirm(row, row.mapping, None, hint=False)
    with worker(row.pk) as first, worker(row.pk) as second:
        assert first.wait(60) == 0
        assert second.wait(60) == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (ImportState.DONE, 1)
    assert Contact.objects.count() == row.rows_created == ROWS - ROWS // 100
