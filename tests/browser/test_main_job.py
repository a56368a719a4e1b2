"""The main job in a browser, end to end: from an empty instance to an answered campaign, over real SMTP and IMAP."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from campaigns.contacts import services as contacts
from campaigns.contacts.models import ContactImport
from outreach.accounts.models import Workspace
from outreach.kit import clock, loops
from sending.inbox import reading
from sending.inbox.models import InboundMessage, MailboxSync
from sending.outbox import leases
from sending.outbox.courier import Courier
from sending.sandbox.world import SandboxWorld
from tests.browser.walker import NARROW, PASSWORD, SENDER, Walker, browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_SIGN_INS_MS = 60_000  # both servers are signed in to within the request, which takes its time on a busy machine
CSV = """E-mail;First name;Company;City
anna+reply@acme.test;Anna;Acme;Warsaw
ben+silent@globex.test;Ben;Globex;Berlin
cleo+refuse@initech.test;Cleo;Initech;Lyon
not an address;Dan;Nowhere;Oslo
"""


def test_a_newcomer_comes_from_a_csv_file_to_an_answer(live_server: Any, world: SandboxWorld, tmp_path: Path) -> None:
    with browser(live_server.url) as walker:
        sign_up(walker)
        for path in ("", "contacts/", "campaigns/", "mailboxes/", "inbox/", "messages/", "contacts/suppressions"):
            walker.open(f"/w/brightpath/{path}")  # each empty page leads on
        import_people(walker, tmp_path)
        connect_mailbox(walker, world)
        work(read_all)  # from here on the mailbox is read
        campaign = write_campaign(walker)
        launch(walker, campaign)
        work(deliver)
        wait_for(lambda: len(world.accepted()) == 2)
        wait_for(lambda: work(read_again) or InboundMessage.objects.exists())
        follow(walker, campaign)
    with browser(live_server.url, width=NARROW, dark=True) as walker:
        sign_in(walker)
        for path in (
            "", "contacts/", "contacts/import", "campaigns/", f"campaigns/{campaign}/sequence",
            f"campaigns/{campaign}/schedule",
            f"campaigns/{campaign}/people", f"campaigns/{campaign}/results", "mailboxes/", "mailboxes/new", "inbox/",
            "messages/", "contacts/suppressions", "settings/", "settings/members",
        ):  # fmt: skip
            walker.open(f"/w/brightpath/{path}")


def sign_up(walker: Walker) -> None:
    walker.page.goto(walker.base)
    walker.checked()
    walker.page.get_by_label("E-mail").fill("olivia@example.com")
    walker.page.get_by_label("Password").fill(PASSWORD)
    walker.page.get_by_label("workspace").fill("Brightpath")
    walker.page.get_by_label("Time zone").fill("Europe/Warsaw")
    walker.page.get_by_label("Postal address").fill("5 Market Square, 00-001 Warsaw")
    walker.submit("Create account and workspace")
    assert walker.page.url.endswith("/w/brightpath/")


def sign_in(walker: Walker) -> None:
    walker.open("/accounts/login/")
    walker.page.locator("input[name=login]").fill("olivia@example.com")
    walker.page.locator("input[name=password]").fill(PASSWORD)
    walker.submit("Sign in")


def import_people(walker: Walker, folder: Path) -> None:
    file = folder / "people.csv"
    file.write_text(CSV, encoding="cp1252")
    walker.open("/w/brightpath/contacts/import")
    walker.page.locator("input[type=file]").set_input_files(file)
    walker.submit("Upload and look at the columns")
    walker.page.locator("#list_name").fill("Spring fair")
    walker.page.get_by_role("button", name="Import at once").click()
    walker.checked()
    row = ContactImport.objects.get()
    work(lambda: contacts.run_import(row.pk))
    walker.page.wait_for_url(f"**/w/brightpath/contacts/imports/{row.pk}/result")  # the page leads on by itself
    walker.checked()
    body = walker.page.inner_text("main")
    assert "3" in body
    assert "not an address" in body


def connect_mailbox(walker: Walker, world: SandboxWorld) -> None:
    walker.open("/w/brightpath/mailboxes/new")
    values = {
        "address": SENDER, "display_name": "Olivia", "smtp_host": world.info.host,
        "smtp_port": str(world.info.smtp_port),
        "smtp_username": SENDER, "smtp_password": "wrong", "imap_host": world.info.host,
        "imap_port": str(world.info.imap_port),
    }  # fmt: skip
    for name, value in values.items():
        walker.page.locator(f"[name={name}]").fill(value)
    walker.page.locator("[name=imap_security]").select_option("starttls")
    walker.page.locator("summary").first.click()
    walker.page.locator("[name=ca_pem]").fill(world.info.ca_pem)
    walker.submit("Save and test")
    walker.page.get_by_text("The user name or the password is wrong").first.wait_for(timeout=_SIGN_INS_MS)
    assert "AUTH PLAIN ********" in walker.page.inner_text("main")
    assert "wrong\n" not in walker.page.inner_text(".transcript")
    walker.page.get_by_role("link", name="Edit").click()
    walker.page.locator("[name=smtp_password]").fill("sandbox")
    walker.page.locator("[name=imap_password]").fill("sandbox")
    walker.submit("Save and test")
    walker.page.locator(".page-head .badge", has_text="Active").wait_for(timeout=_SIGN_INS_MS)


def write_campaign(walker: Walker) -> int:
    walker.open("/w/brightpath/campaigns/new")
    walker.page.get_by_label("Name").fill("Spring fair")
    walker.submit("Create and write")
    campaign = int(walker.page.url.split("/")[-2])
    walker.page.locator("[name=subject]").first.fill("A question about {{ company }}")
    walker.page.locator("[name=body_text]").first.fill("Hi {{ frist_name }},\n\none question.\n")
    walker.submit("Save wording")
    assert "Did you mean first_name?" in walker.page.inner_text("main")
    walker.page.locator("[name=body_text]").first.fill("Hi {{ first_name }},\n\none question about {{ company }}.\n")
    walker.submit("Save wording")
    walker.open(f"/w/brightpath/campaigns/{campaign}/review")
    assert walker.page.get_by_role("button", name="Launch").is_disabled()
    walker.open(f"/w/brightpath/campaigns/{campaign}/audience")
    walker.page.locator("input[name=lists]").first.check()
    walker.submit("Save audience")
    walker.open(f"/w/brightpath/campaigns/{campaign}/senders")
    walker.page.locator("input[name=mailboxes]").first.check()
    walker.submit("Save senders")
    open_all_week(walker, campaign)
    walker.open(f"/w/brightpath/campaigns/{campaign}/preview")
    assert "Hi Anna" in walker.page.inner_text("main")
    return campaign


def open_all_week(walker: Walker, campaign: int) -> None:
    walker.open(f"/w/brightpath/campaigns/{campaign}/schedule")
    walker.page.get_by_label("Monday").fill("all day")
    walker.page.get_by_role("button", name="hours until Friday").click()
    for day in ("Saturday", "Sunday"):
        walker.page.get_by_label(day).fill("0-24")
    walker.submit("Save schedule")


def launch(walker: Walker, campaign: int) -> None:
    # The mailbox keeps its gap of minutes; in this workspace time runs faster.
    Workspace.objects.update(time_scale=100_000)
    walker.open(f"/w/brightpath/campaigns/{campaign}/review")
    walker.page.get_by_role("button", name="Launch").click()
    walker.checked()
    assert walker.page.url.endswith(f"/campaigns/{campaign}/people")


def follow(walker: Walker, campaign: int) -> None:
    walker.open("/w/brightpath/messages/")
    walker.page.get_by_role("link", name="anna+reply@acme.test").click()
    walker.checked()
    story = walker.page.inner_text("main")
    assert "A question about Acme" in story
    assert "MAIL FROM:<olivia@brightpath.test>" in story
    walker.open("/w/brightpath/inbox/")
    walker.page.locator("a.thread-row").first.click()
    walker.page.get_by_role("link", name="What it was taken for").click()
    walker.checked()
    assert "References" in walker.page.inner_text("main")
    walker.open(f"/w/brightpath/campaigns/{campaign}/people?state=stopped")
    people = walker.page.inner_text("#people")
    assert "Replied" in people
    assert "Bounced" in people
    walker.open("/w/brightpath/contacts/suppressions")
    assert "cleo+refuse@initech.test" in walker.page.inner_text("main")
    walker.open(f"/w/brightpath/campaigns/{campaign}/results")
    walker.open("/w/brightpath/")


def deliver() -> None:
    """Work as a worker does, until nothing is due soon."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        owner, ids = leases.lease_due(most=10)
        if not ids:
            return
        mine, held = leases.take_over(owner, ids)
        loops.run(Courier(mine, held, work_s=3).run())


def read_all() -> None:
    """Read each mailbox whose turn it is."""
    for pk in reading.lease_due(most=10):
        reading.read(pk)


def read_again() -> None:
    """Read each mailbox now, whether or not its turn has come."""
    MailboxSync.objects.update(next_at=clock.now())
    read_all()


def work(call: Callable[[], object]) -> bool:
    """Run a worker's part in a thread of its own, as it would run in another process. Returns False."""

    def closed() -> None:
        try:
            call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(closed).result()
    return False


def wait_for(is_so: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
