"""F22: a worker killed at any moment of an import leaves no contact behind, and the next attempt makes it whole."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactImport, ListMember, RejectedRow
from campaigns.contacts.services.locks import running_imports
from campaigns.contacts.states import ImportState
from tests.builders import make_contact, make_list, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 15_000
MOMENTS_S = [0.07 * n for n in range(9)]  # after the import began: reading, then merging


def file_of(rows: int) -> bytes:
    lines = (f"p{n}@x{n % 50}.example,First {n},Note {n}\n" if n % 100 else f"broken {n},x,y\n" for n in range(rows))
    return ("email,first name,note\n" + "".join(lines)).encode()


@contextmanager
def worker(import_id: int) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable, "-m", "tests.campaigns.contacts.import_worker",
        str(connection.settings_dict["NAME"]), str(import_id),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def wait_until_begun(row: ContactImport) -> None:
    deadline = time.monotonic() + 20
    while row.state == ImportState.QUEUED:
        assert time.monotonic() < deadline, "the worker never began"
        time.sleep(0.005)
        row.refresh_from_db(fields=["state"])


def wait_until_lock_is_free() -> None:
    deadline = time.monotonic() + 20
    while running_imports():
        assert time.monotonic() < deadline, "PostgreSQL still holds the lock of a dead worker"
        time.sleep(0.02)


def test_kill_9_at_many_moments_leaves_no_half_contacts_and_no_double_counts() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    make_contact(workspace, "p1@x1.example", first_name="Old")
    row = services.store_upload(workspace, "leads.csv", [file_of(ROWS)])
    services.confirm(row, row.mapping, leads, hint=False)
    row.refresh_from_db()
    killed_while_running = 0
    for moment_s in MOMENTS_S:
        ContactImport.objects.filter(pk=row.pk).update(attempts=0)
        with worker(row.pk) as process:
            wait_until_begun(row)
            time.sleep(moment_s)
            process.kill()
            process.wait(10)
        wait_until_lock_is_free()
        row.refresh_from_db()
        if row.state == ImportState.DONE:
            break
        killed_while_running += row.state == ImportState.RUNNING
        assert list(Contact.objects.values_list("email_key", "first_name")) == [("p1@x1.example", "Old")]
        assert not ListMember.objects.exists()
        services.sweep_imports()
        row.refresh_from_db()
        assert row.state == ImportState.QUEUED
    assert killed_while_running >= 3, "too few kills hit the import while it ran"
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert (row.rows_read, row.rows_created, row.rows_updated) == (ROWS, ROWS - ROWS // 100 - 1, 1)
    assert (row.rows_unchanged, row.rows_rejected) == (0, ROWS // 100)
    assert Contact.objects.count() == ListMember.objects.count() == ROWS - ROWS // 100
    assert RejectedRow.objects.count() == ROWS // 100


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
