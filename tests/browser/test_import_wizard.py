"""The wizard of an import in a browser, from upload to result, wide; narrow and dark to its undo.

WIZARD_ROWS=100000 makes it a long one, which takes the first import back as well, wide. WIZARD_SHOTS names a folder for
pictures of each page, WIZARD_TIMES=1 tells the seconds of each part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.models import Count
from django.test import Client

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactImport, DryRun
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.access import Member
from outreach.kit import clock
from tests.browser.walker import NARROW, WIDE, Walker, browser
from tests.builders import make_campaign, make_contact, make_enrollment, make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FEW = 500
ROWS = int(os.environ.get("WIZARD_ROWS", FEW))
# Which pages are judged at which width: axe takes a second for each.
LOOKED_AT = {WIDE: {"columns", "changes"}, NARROW: {"columns", "waiting", "changes", "undone", "fields"}}
SHOTS = os.environ.get("WIZARD_SHOTS", "")


def test_a_file_becomes_contacts_after_a_look_at_what_would_change(live_server: Any, tmp_path: Path) -> None:
    member = make_member(make_workspace())
    known = make_contact(member.workspace, "person1@acme.example", company="Old Ltd", fields={"plan": "basic"})
    make_enrollment(make_campaign(member.workspace, state="running", launched_at=clock.now()), known)
    services.suppress(member.workspace, "person2@acme.example", SuppressionReason.MANUAL)
    client = Client()
    client.force_login(member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    with browser(live_server.url, width=WIDE) as walker:
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        first = walk(walker, member, people_file(tmp_path / "people.csv", city="Bern"))
    assert (first.rows_created, first.rows_updated, first.rows_rejected, first.rows_suppressed) == (ROWS - 1, 1, 2, 1)
    with browser(live_server.url, width=NARROW, dark=True) as walker:
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        second = walk(walker, member, people_file(tmp_path / "again.csv", city="Rome"))
        assert (second.rows_created, second.rows_updated, second.rows_rejected) == (0, ROWS, 2)
        cities = Contact.objects.filter(workspace=member.workspace).values_list("city").annotate(people=Count("pk"))
        assert dict(cities) == {"Rome": ROWS}
        take_back(walker, member, second)
        assert dict(cities.all()) == {"Bern": ROWS}
    if ROWS != FEW:
        with browser(live_server.url, width=WIDE) as walker:
            walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
            take_back(walker, member, first)
        known.refresh_from_db()
        assert (known.company, known.city, known.fields) == ("Old Ltd", "", {"plan": "basic"})
        assert Contact.objects.count() == 1


def people_file(path: Path, *, city: str) -> Path:
    lines = ["Report of contacts;;;;;", "E-Mail;First name;Company;City;Since;Size"]
    lines += [f"person{at}@acme.example;Ada;Acme {at};{city};5.11.2026;1.234,5" for at in range(ROWS)]
    path.write_text("\n".join([*lines, "broken;x;;;;", "short"]) + "\n")
    return path


def walk(walker: Walker, member: Member, path: Path) -> ContactImport:
    """Go from the upload to the result, look at every page, and return the import."""
    page = walker.page
    page.goto(walker.base + member.url("contacts:import"))
    with taking(f"{walker.page.viewport_size} upload"):
        page.get_by_label("Drop a file here, or choose one").set_input_files(path)
        page.get_by_role("button", name="Upload and look at the columns").click()
        page.wait_for_url("**/columns**")
    look_at(walker, "columns")
    page.get_by_text("1 line above the table is left out").wait_for()
    page.get_by_role("button", name="See what would change").click()
    page.wait_for_url("**/changes")
    page.get_by_text("Waiting for a worker").wait_for()
    look_at(walker, "waiting")
    page.reload()  # the page outlives it
    with taking("dry run"):
        work(lambda: services.run_dry_run(DryRun.objects.latest("pk").pk))
    page.get_by_text("While nobody else changes your contacts").wait_for()
    look_at(walker, "changes")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/*")
    with taking("run"):
        work(lambda: services.run_import(ContactImport.objects.latest("pk").pk))
    page.wait_for_url("**/result")
    look_at(walker, "result")
    page.goto(walker.base + member.url("contacts:fields"))
    look_at(walker, "fields")
    return ContactImport.objects.latest("pk")


def take_back(walker: Walker, member: Member, row: ContactImport) -> None:
    """Undo the import from its result, and see there that it was."""
    walker.page.goto(walker.base + member.url("contacts:import_result", row.pk))
    walker.page.get_by_role("link", name="Undo this import").click()
    walker.page.wait_for_url("**/undo")
    look_at(walker, "undo")
    with taking("undo"):
        walker.page.get_by_role("button", name="Undo the import").click()
        work(lambda: services.run_undo(row.pk))  # what is too large to be done at once
    walker.page.wait_for_url("**/result")
    walker.page.get_by_text("This import was undone").wait_for()
    look_at(walker, "undone")


def look_at(walker: Walker, name: str) -> None:
    if SHOTS:
        width = walker.page.evaluate("window.innerWidth")
        walker.page.screenshot(path=Path(SHOTS) / f"wizard_{name}_{width}.png", full_page=True)
    if name in LOOKED_AT[walker.page.evaluate("window.innerWidth")]:
        walker.checked()


def work(act: Callable[[], object]) -> None:
    """Do what a worker does, in a thread of its own with connections of its own."""

    def acted() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(acted).result()


@contextmanager
def taking(what: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    if os.environ.get("WIZARD_TIMES"):
        print(f"{what}: {time.perf_counter() - begin:.1f} s")  # noqa: T201
