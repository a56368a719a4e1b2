"""Import a file end to end, beside the usual Django way and beside bare COPY + INSERT ... ON CONFLICT, in one run.

Run as `python -m tests.servers --durable python -m bench.bench_import [ROWS]`: it works in databases of its own, which
it drops again. So many contacts exist as the file has rows: half of its rows are new, four tenths known and equal, one
tenth known and changed. Each way has a process and a copy of that database to itself.

Ours checks, normalises, finds repeated rows, writes, tags, puts on a list, keeps the record for an undo, and counts.
The usual way checks with email-validator, writes, tags and puts on the list; the bare one writes, no more. All keep the
same indexes. CPU time is that of the way's process and of its session in PostgreSQL: it can be compared on a machine
that others use, too.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path

import psycopg
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from email_validator import EmailNotValidError, validate_email

from bench.timing import cpu_seconds, cpu_seconds_of
from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactList, ContactTag, ListMember, Tag
from campaigns.contacts.states import ImportState
from outreach.accounts.models import Workspace

ROWS = 1_000_000
HEADER = ("email", "first name", "last name", "company", "job title", "city", "country", "note")
_PIECE_BYTES = 64 * 1024
_SQL_PERSON = """
    'First' || p || '.Last@company' || p % 977 || '.example.com',
    'first' || p || '.last@company' || p % 977 || '.example.com', 'company' || p % 977 || '.example.com',
    'First' || p, 'Last' || p % 5000, 'Company ' || p % 977,
    CASE WHEN p % 5 = 0 THEN 'Trainee' ELSE 'Head of Sales' END, 'Berlin', 'DE',
    jsonb_build_object('note', 'met at stand ' || p)
"""


def main(rows: int = ROWS) -> None:
    """Print rows/s and peak memory of each way, and the ratios."""
    names = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.csv"
            write_file(path, rows)
            fill(rows)
            connection.close()
            megabytes = path.stat().st_size / 1e6
            print(f"import of {rows:,} rows x {len(HEADER)} columns, {megabytes:.1f} MB, into {rows:,} contacts")
            ours = _measured("ours", path, rows)
            bare = _measured("bare COPY to temp + INSERT ... ON CONFLICT", path, rows)
            usual = _measured("usual: DictReader + bulk_create", path, rows)
            for what, of in (("rows/s", itemgetter(0)), ("rows by CPU time", itemgetter(1))):
                ratios = [of(ours) / of(usual), of(ours) / of(bare), of(bare) / of(usual)]
                print("  {}: ours / usual {:.1f}, ours / bare {:.2f}, bare / usual {:.1f}".format(what, *ratios))
    finally:
        teardown_databases(names, verbosity=0)


def write_file(path: Path, rows: int) -> None:
    """Write a CSV file whose addresses come in no order, as real ones do."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(rows):
            person = rows // 2 + n * 7_919 % rows
            writer.writerow(
                (
                    f"First{person}.Last@company{person % 977}.example.com", f"First{person}",
                    f"Last{person % 5_000}", f"Company {person % 977}", "Head of Sales", "Berlin", "DE",
                    f"met at stand {person}",
                )
            )  # fmt: skip


def fill(rows: int) -> None:
    """Store so many contacts; a fifth of them have another title than the file."""
    workspace = Workspace.objects.create(slug="bench", name="Bench")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_contact (email, email_key, domain, first_name, last_name, company, title, city,"
            " country, fields, workspace_id, phone, website, time_zone, created_at, updated_at)"
            f" SELECT {_SQL_PERSON}, %s, '', '', '', now(), now() FROM generate_series(0, %s) AS p".replace(
                " % ", " %% "
            ),
            [workspace.pk, rows - 1],
        )
        cursor.execute("VACUUM ANALYZE contacts_contact")


def import_ours(path: Path, rows: int) -> None:
    """The path of the page and of the command: store, detect, check, merge, list, tag, count."""
    workspace = Workspace.objects.get(slug="bench")
    leads = services.list_named(workspace, "Leads")
    row = services.store_upload(workspace, "bench.csv", _pieces(path))
    row.tags = ["bench"]
    services.confirm(row, row.mapping, leads, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert (row.rows_created, row.rows_updated + row.rows_unchanged) == (rows - rows // 2, rows // 2)


def import_usual(path: Path, _rows: int) -> None:
    """What a Django project usually does: DictReader, email-validator, objects, bulk_create in batches, list places."""
    workspace = Workspace.objects.get(slug="bench")
    leads = ContactList.objects.create(workspace=workspace, name="Usual")
    tag = Tag.objects.create(workspace=workspace, name="usual")
    batch: list[Contact] = []

    def flush() -> None:
        stored = Contact.objects.bulk_create(
            batch, update_conflicts=True, unique_fields=["workspace", "email_key"],
            update_fields=["first_name", "last_name", "company", "title", "city", "country", "fields"],
        )  # fmt: skip
        ListMember.objects.bulk_create(
            [ListMember(contact_list=leads, contact=contact) for contact in stored], ignore_conflicts=True
        )
        ContactTag.objects.bulk_create(
            [ContactTag(tag=tag, contact=contact) for contact in stored], ignore_conflicts=True
        )
        batch.clear()

    with path.open(newline="") as file:
        for cells in csv.DictReader(file):
            try:
                found = validate_email(cells["email"], check_deliverability=False)
            except EmailNotValidError:
                continue
            key = found.normalized.lower()
            batch.append(
                Contact(
                    workspace=workspace, email=cells["email"], email_key=key, domain=key.partition("@")[2],
                    first_name=cells["first name"], last_name=cells["last name"], company=cells["company"],
                    title=cells["job title"], city=cells["city"], country=cells["country"],
                    fields={"note": cells["note"]},
                )
            )  # fmt: skip
            if len(batch) == 5_000:
                flush()
    if batch:
        flush()


def import_bare(path: Path, _rows: int) -> None:
    """The floor: the database's own CSV parser into a temporary table, one INSERT, no check, no list, no counts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bare (email varchar, first varchar, last varchar, company varchar, title varchar,"
            " city varchar, country varchar, note varchar) ON COMMIT DROP"
        )
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            for piece in _pieces(path):
                copy.write(piece)
        cursor.execute(
            "INSERT INTO contacts_contact (workspace_id, email, email_key, domain, first_name, last_name, company,"
            " title, city, country, fields, phone, website, time_zone, created_at, updated_at)"
            " SELECT w.id, email, lower(email), split_part(lower(email), '@', 2), first, last, company, title, city,"
            " country, jsonb_build_object('note', note), '', '', '', now(), now()"
            " FROM bare, accounts_workspace w WHERE w.slug = 'bench'"
            " ON CONFLICT (workspace_id, email_key) DO UPDATE SET first_name = EXCLUDED.first_name,"
            " last_name = EXCLUDED.last_name, company = EXCLUDED.company, title = EXCLUDED.title,"
            " city = EXCLUDED.city, country = EXCLUDED.country, fields = EXCLUDED.fields"
        )


WAYS: dict[str, Callable[[Path, int], None]] = {"ours": import_ours, "bare": import_bare, "usual": import_usual}


def run_way(way: str, database: str, path: str, rows: str) -> None:
    """Run one way in this process and print what it took, as JSON."""
    connection.settings_dict["NAME"] = database
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone()
    begun, cpu, database_cpu = time.perf_counter(), cpu_seconds(), cpu_seconds_of(session)
    WAYS[way](Path(path), int(rows))
    seconds, cpu = time.perf_counter() - begun, cpu_seconds() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    database_cpu = cpu_seconds_of(session) - database_cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "database_cpu": database_cpu, "peak_mb": peak_mb}))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _measured(name: str, path: Path, rows: int) -> tuple[float, float]:
    """Return rows by second, and by second of CPU time."""
    way = name.split(maxsplit=1)[0].rstrip(":")
    with _copied_database(way) as database:
        command = [sys.executable, "-m", "bench.bench_import", way, database, str(path), str(rows)]
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    seconds, own, session = (float(answer[what]) for what in ("seconds", "cpu", "database_cpu"))
    print(
        f"  {name:<46} {rows / seconds:>9,.0f} rows/s   CPU of a row: {1e6 * own / rows:.1f} us own, "
        f"{1e6 * session / rows:.1f} us database   peak memory {answer['peak_mb']} MB",
        flush=True,
    )
    return rows / seconds, rows / (own + session)


@contextmanager
def _copied_database(way: str) -> Iterator[str]:
    """Yield the name of a copy of the database, dropped behind."""
    given = connection.settings_dict
    name, template = f"{given['NAME']}_{way}", given["NAME"]
    with psycopg.connect(
        host=given["HOST"], port=given["PORT"], user=given["USER"], password=given["PASSWORD"], dbname="postgres",
        autocommit=True,
    ) as server:  # fmt: skip
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        server.execute("CHECKPOINT")
        try:
            yield name
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run_way(*sys.argv[1:])
    else:
        main(*map(int, sys.argv[1:]))
