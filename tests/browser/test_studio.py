"""The studio by keyboard alone: from an empty workspace to a launched campaign with two wordings and a branch."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.contacts import services as contacts
from campaigns.contacts.models import ContactImport
from campaigns.sequences.models import Branch, Campaign, Variant
from sending.planner.models import Enrollment
from sending.sandbox.world import SandboxWorld
from tests.browser.hands import Hands
from tests.browser.test_main_job import work
from tests.browser.walker import NARROW, PASSWORD, SENDER, browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROWS = "Email\tFirst name\tTitle\tCountry\nanna@acme.test\tAnna\tCTO\tUS\nben@globex.test\tBen\tBuyer\tUS\n"
FIRST = """Hi {{ first_name }},

I found you on the list of exhibitors. One question: who buys your packing?

If you would rather not hear from me, tell me.
Brightpath, 5 Market Square, 00-001 Warsaw
"""
LATER = (
    "One more thought, {{ first_name }}.\n\nIf you would rather not hear from me, tell me.\n5 Market Square, Warsaw\n"
)


def test_the_studio_is_walked_by_keyboard_alone_wide_and_narrow(live_server: Any, world: SandboxWorld) -> None:
    with browser(live_server.url) as walker:
        newcomer = Hands(walker, looks=False)  # the way of test_main_job
        sign_up(newcomer)
        bring_people(newcomer)
        connect(newcomer, world)
        write_and_launch(Hands(walker), "Spring fair")
    with browser(live_server.url, width=NARROW, dark=True) as walker:
        hands = Hands(walker)
        sign_in(hands)
        write_and_launch(hands, "Autumn fair")
    assert Enrollment.objects.count() == 4


def sign_up(hands: Hands) -> None:
    hands.walker.open("/")
    hands.write("E-mail", "olivia@example.com")
    hands.write("Password", PASSWORD)
    hands.write("Name of the workspace", "Brightpath")
    hands.write("Postal address", "5 Market Square, 00-001 Warsaw")
    hands.press("Create account and workspace")


def sign_in(hands: Hands) -> None:
    hands.walker.open("/accounts/login/")
    hands.write("E-mail", "olivia@example.com")
    hands.write("Password", PASSWORD)
    hands.press("Sign in", within="form")


def bring_people(hands: Hands) -> None:
    hands.press("Contacts")
    hands.press("Import")
    hands.unfold("Or paste rows")
    hands.write("Rows copied from a spreadsheet", ROWS)
    hands.press("Upload and look at the columns")
    hands.write("Put everybody on a list", "Fair")
    hands.press("Import at once")
    row = ContactImport.objects.get()
    work(lambda: contacts.run_import(row.pk))
    hands.walker.page.wait_for_url("**/result")  # the page leads on by itself
    hands.walker.checked()


def connect(hands: Hands, world: SandboxWorld) -> None:
    hands.press("Mailboxes")
    hands.press("Connect a mailbox")
    hands.write("Address", SENDER)
    hands.write("SMTP host", world.info.host)
    hands.write("Port", str(world.info.smtp_port))
    hands.write("User name", SENDER)
    hands.write("Password", "sandbox")
    hands.write("Host", world.info.host)
    hands.write("Port", str(world.info.imap_port), within="#servers .span-6:nth-child(2)")
    hands.choose("Security", "STARTTLS", within="#servers .span-6:nth-child(2)")
    hands.unfold("A server with its own")
    hands.write("Own certificate authority", world.info.ca_pem)
    hands.press("Save and test")
    hands.walker.page.locator(".page-head .badge", has_text="Active").wait_for()


def write_and_launch(hands: Hands, name: str) -> None:
    hands.press("Campaigns")
    hands.press("New campaign" if Campaign.objects.exists() else "Write the first one")
    hands.write("Name", name)
    hands.press("Create and write")
    campaign = Campaign.objects.get(name=name)
    compare_two_wordings(hands, campaign)
    branch(hands, campaign)
    hands.press("Audience", within=".tabs")
    hands.tick("Fair")
    hands.press("Save audience")
    hands.press("Schedule", within=".tabs")
    hands.write("Monday", "9-12, 13-17")
    hands.press("Save schedule")
    hands.press("Senders", within=".tabs")
    hands.tick(SENDER)
    hands.press("Save senders")
    hands.press("Review & launch", within=".tabs")
    gates = hands.walker.page.inner_text("main")
    assert "Nothing stands in the way" in gates, gates
    hands.press("Launch to 2 people")
    assert "Launched: 2 contacts are in line." in hands.walker.page.inner_text("body")
    campaign.refresh_from_db()
    assert campaign.state == "running"
    assert Variant.objects.filter(step__campaign=campaign, step__position=1).count() == 2


def compare_two_wordings(hands: Hands, campaign: Campaign) -> None:
    wording(hands, campaign, 1, "A", "A question about packing", FIRST)
    hands.press("Add a wording to compare")
    wording(hands, campaign, 1, "B", "Who buys your packing?", FIRST.replace("Hi", "Hello"))


def wording(hands: Hands, campaign: Campaign, position: int, label: str, subject: str, text: str) -> None:
    """Write a wording and save it with the keys for that."""
    pk = Variant.objects.get(step__campaign=campaign, step__position=position, label=label).pk
    if subject:
        hands.write("Subject", subject, within=f"#variant{pk}")
    hands.write("Text", text, within=f"#variant{pk}")
    hands.press("Save wording", within=f"#variant{pk}")


def branch(hands: Hands, campaign: Campaign) -> None:
    """Let those with another title get another second message."""
    hands.press("Paths", within=".tabs")
    hands.write("Name", "For engineers", within="#paths")
    hands.press("Add path")
    hands.press("Sequence", within=".tabs")
    hands.press("Add a step to Main path")
    wording(hands, campaign, 2, "A", "", LATER)
    wording(hands, campaign, 101, "A", "", LATER)
    hands.press("Paths", within=".tabs")
    hands.press("Add a branch behind step 1")
    hands.choose("Condition is about", "J")  # one key each: the rows are drawn anew with every choice
    drawn(hands)
    hands.choose("Test", "c")
    drawn(hands)
    hands.write("Value", "CTO")
    hands.walker.page.keyboard.press("Tab")
    drawn(hands)
    hands.press("Set it up")
    assert Branch.objects.filter(step__campaign=campaign, step__position=1).count() == 1


def drawn(hands: Hands) -> None:
    """Wait until the answer to what was chosen stands in the page."""
    hands.walker.page.wait_for_function("() => !document.querySelector('.htmx-request')")
