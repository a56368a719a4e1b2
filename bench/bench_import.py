"""Import 100,000 rows of 8 columns end to end, beside the usual Django way and beside bare COPY, in one run.

Run as `python -m tests.servers python -m bench.bench_import [ROWS]`: it works in a database of its own, which it
drops again. Each way starts with an empty table and takes the same file; the second figure of ours has every row there.
"""

from __future__ import annotations

import csv
import io
import resource
import sys
import time
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.states import ImportState
from outreach.accounts.models import Workspace

ROWS = 100_000
HEADER = ("email", "first name", "last name", "company", "job title", "city", "country", "note")
_PIECE_BYTES = 64 * 1024


def main(rows: int = ROWS) -> None:
    """Print rows/s of each way and the ratios."""
    names = setup_databases(verbosity=0, interactive=False)
    try:
        content = make_file(rows)
        print(f"import of {rows:,} rows x {len(HEADER)} columns, {len(content) / 1e6:.1f} MB, onto a list")
        ours = _timed("ours, empty table", rows, lambda: import_ours(content, rows))
        _timed("ours, every row known", rows, lambda: import_ours(content, rows))
        print(f"  peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
        _empty()
        usual = _timed("DictReader + bulk_create(update_conflicts)", rows, lambda: import_usual(content))
        _empty()
        bare = _timed("bare COPY to temp + INSERT, nothing checked", rows, lambda: import_bare(content))
        print(f"  ours / usual: {ours / usual:.1f}    ours / bare: {ours / bare:.2f}")
    finally:
        teardown_databases(names, verbosity=0)


def make_file(rows: int) -> bytes:
    """Return a CSV file whose addresses come in no order, as real ones do."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for n in range(rows):
        person = n * 7_919 % rows
        writer.writerow(
            (
                f"First{person}.Last@company{person % 977}.example.com", f"First{person}", f"Last{person % 5_000}",
                f"Company {person % 977}", "Head of Sales", "Berlin", "DE", f"met at stand {person}",
            )
        )  # fmt: skip
    return buffer.getvalue().encode()


def import_ours(content: bytes, rows: int) -> None:
    """The path of the page and of the command: store, detect, check, merge, list, count."""
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    leads = services.list_named(workspace, "Leads")
    pieces = [content[start : start + _PIECE_BYTES] for start in range(0, len(content), _PIECE_BYTES)]
    row = services.store_upload(workspace, "bench.csv", pieces)
    services.confirm(row, row.mapping, leads, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert row.rows_created + row.rows_unchanged == rows


def import_usual(content: bytes) -> None:
    """What a Django project usually does: validate with Django, objects, bulk_create in batches, list places."""

    workspace = Workspace.objects.get(slug="bench")
    leads = ContactList.objects.create(workspace=workspace, name="Usual")
    batch: list[Contact] = []

    def flush() -> None:
        stored = Contact.objects.bulk_create(
            batch, update_conflicts=True, unique_fields=["workspace", "email_key"],
            update_fields=["first_name", "last_name", "company", "title", "city", "country", "fields"],
        )  # fmt: skip
        ListMember.objects.bulk_create(
            [ListMember(contact_list=leads, contact=contact) for contact in stored], ignore_conflicts=True
        )
        batch.clear()

    for cells in csv.DictReader(io.StringIO(content.decode(), newline="")):
        try:
            validate_email(cells["email"])
        except ValidationError:
            continue
        key = cells["email"].strip().lower()
        batch.append(
            Contact(
                workspace=workspace, email=cells["email"], email_key=key, domain=key.partition("@")[2],
                first_name=cells["first name"], last_name=cells["last name"], company=cells["company"],
                title=cells["job title"], city=cells["city"], country=cells["country"], fields={"note": cells["note"]},
            )
        )  # fmt: skip
        if len(batch) == 5_000:
            flush()
    if batch:
        flush()


def import_bare(content: bytes) -> None:
    """The floor: the database's own CSV parser into a temporary table, one INSERT, no check, no list, no counts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bare (email varchar, first varchar, last varchar, company varchar, title varchar,"
            " city varchar, country varchar, note varchar) ON COMMIT DROP"
        )
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            for start in range(0, len(content), _PIECE_BYTES):
                copy.write(content[start : start + _PIECE_BYTES])
        cursor.execute(
            "INSERT INTO contacts_contact (workspace_id, email, email_key, domain, first_name, last_name, company,"
            " title, city, country, fields, phone, website, time_zone, created_at, updated_at)"
            " SELECT w.id, email, lower(email), split_part(lower(email), '@', 2), first, last, company, title, city,"
            " country, jsonb_build_object('note', note), '', '', '', now(), now()"
            " FROM bare, accounts_workspace w WHERE w.slug = 'bench'"
            " ON CONFLICT (workspace_id, email_key) DO UPDATE SET first_name = EXCLUDED.first_name"
        )


def _timed(name: str, rows: int, work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    rate = rows / (time.perf_counter() - begun)
    print(f"  {name:<46} {rate:>9,.0f} rows/s")
    return rate


def _empty() -> None:

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE contacts_contact, contacts_list_member CASCADE")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
