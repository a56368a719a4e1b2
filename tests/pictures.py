"""Take the pictures of the docs anew, from a demo of its own: `make pictures`.

It takes some minutes: the demo runs until its campaign has answers, bounces and a past. What the pictures show beside
it (a draft with branches, templates, a rehearsal) is made over the HTTP API and the pages, as anybody would.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

from outreach.embedded.ports import free_port
from tests.needs import NEEDS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
WIDE, PHONE = (1280, 900), (360, 780)
_READY = re.compile(r"sign in as (\S+) with the password (\S+)")
_STORY_S = 150  # of the demo: its day passes in 15 s
_REHEARSAL_S = 900  # at most; on an idle machine it is done before its turn comes
# Name of the picture -> address in the workspace; {draft} and {talk} and the like are found on the way.
PICTURES = {
    "home": "",
    "home-dark": "",
    "results": "campaigns/1/results",
    "forecast": "campaigns/1/forecast",
    "people": "campaigns/1/people",
    "people-phone": "campaigns/1/people",
    "preview": "campaigns/1/preview",
    "mailbox": "mailboxes/1",
    "inbox": "inbox/?scope=all",
    "conversation": "{talk}",
    "message": "{message}",
    "library": "library/",
    "sequence": "campaigns/{draft}/sequence",
    "schedule": "campaigns/{draft}/schedule",
    "paths": "campaigns/{draft}/paths",
    "rehearsal": "{rehearsal}",
    "review": "campaigns/{draft}/review",  # it tells of the rehearsal
}
TEMPLATES = (
    {
        "name": "Question from a fair",
        "note": "For people met at a fair; replies come within two days.",
        "subject": "A question about {{ company }}",
        "text": "Hi {{ first_name|default('there') }},\n\n[[what you saw of them]]\n",
    },
    {"name": "Last note", "note": "Short, and leaves the door open.", "text": "I will leave it here."},
    {
        "name": "A day a week back",
        "note": "From the autumn webinar",
        "subject": "{{ company }}: a day a week back?",
        "text": "Hi {{ first_name|default('there') }},\n\nhow many hours go into chasing orders each week?\n",
    },
)
_OPT_OUT = "\n\nNot for you? Answer “no thanks” and I will not write again.\n"
DRAFT = {
    "name": "Autumn webinar",
    "schedule": {
        "time_zone": "Europe/Warsaw",
        "windows": [
            {"weekday": day, "start": start, "end": end}
            for day in range(1, 6)
            for start, end in (("09:00", "12:30"), ("13:30", "17:00"))
        ],
        "holidays": [{"country": "PL"}, {"country": "DE", "part": "BY"}],
        "new_contacts_per_day": 60,
    },
    "steps": [
        {
            "wordings": [
                {
                    "label": "A",
                    "subject": "{{ company }}: a day a week back?",
                    "text": f"{{Hi|Hello}} {{{{ first_name|default('there') }}}},\n\nwe show it on the 14th.{_OPT_OUT}",
                },
                {
                    "label": "B",
                    "weight": 2,
                    "subject": "An hour on the 14th, {{ first_name|default('if you like') }}?",
                    "text": f"Hi {{{{ first_name|default('there') }}}},\n\nthree customers tell how it went.{_OPT_OUT}",
                },
            ],
            "branches": [{"kind": "field", "condition": "title contains engineer", "path": "For engineers"}],
        },
        {
            "wait": {"amount": 3},
            "wordings": [{"text": "Did my note come at a bad time?\n"}],
            "branches": [{"kind": "reply", "reply": "positive", "path": "Interested"}],
        },
        {"wait": {"amount": 4}, "wordings": [{"text": "I will leave it here.\n"}]},
    ],
    "paths": [
        {
            "name": "For engineers",
            "steps": [{"wait": {"amount": 2}, "wordings": [{"text": "The interface is open: here is its guide.\n"}]}],
        },
        {
            "name": "Interested",
            "steps": [{"wait": {"amount": 1}, "wordings": [{"text": "Here is your place, as you asked.\n"}]}],
        },
    ],
}


def main() -> int:
    """Run a demo, prepare it, and write each picture; returns the exit status."""
    with demo() as (base, account), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=NEEDS["browser"].path, args=["--no-sandbox"])
        begun = time.monotonic()
        page = chromium.new_page(viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce")
        home = sign_in(page, base, *account)
        places = prepared(page, base, home)
        time.sleep(max(0.0, _STORY_S - (time.monotonic() - begun)))
        places |= found(page, home)
        for name, address in PICTURES.items():
            take(page, home, address.format_map(places), name)
        chromium.close()
    return 0


@contextmanager
def demo() -> Iterator[tuple[str, tuple[str, str]]]:
    """Run a demo in a folder that goes with it; yields its address, and with what one signs in."""
    port = free_port()
    words = [sys.executable, "-m", "outreach.cli", "up", "--demo", "--port", str(port)]
    with TemporaryDirectory(prefix="outreach-pictures-") as folder:
        own = {**os.environ, "OUTREACH_DATA_DIR": folder}
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=own, start_new_session=True) as process:
            assert process.stdout is not None
            try:
                yield f"http://localhost:{port}", account_in(process.stdout)
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)  # what it says while it stops is read, or it would wait for that


def account_in(lines: Iterable[str]) -> tuple[str, str]:
    """Read until the demo says with which address and password one signs in. Raises RuntimeError for one that ends."""
    for line in lines:
        if said := _READY.search(line):
            return said[1], said[2]
    raise RuntimeError("the demo has not come up")


def sign_in(page: Page, base: str, email: str, password: str) -> str:
    """Sign in; returns the address of the workspace."""
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.locator("form button.button-primary").click()
    page.wait_for_url("**/w/**")
    return page.url


def prepared(page: Page, base: str, home: str) -> dict[str, str]:
    """Make templates, a draft and its rehearsal; returns where the draft and the rehearsal are."""
    page.goto(f"{home}settings/keys")
    page.fill("input[name=name]", "Pictures")
    for box in page.locator("input[name=scopes]").all():
        box.check()
    page.get_by_role("button", name="Make key").click()
    key = re.search(r"okey_[0-9a-f]{12}_[\w-]{43}", page.content())
    assert key is not None, "no key was made"
    ask = Api(page, base, key[0])
    for one in TEMPLATES:
        ask("POST", "/templates", one)
    draft = ask("POST", "/campaigns/file", {"format": "outreach-campaign", "version": 1, **DRAFT})["id"]
    lists = [one["id"] for one in ask("GET", "/lists")["results"]]
    boxes = [{"id": one["id"]} for one in ask("GET", "/mailboxes")["results"]]
    ask("PUT", f"/campaigns/{draft}/audience", {"lists": lists})
    ask("PUT", f"/campaigns/{draft}/senders", {"mailboxes": boxes, "rotation": "provider"})
    page.goto(f"{home}campaigns/{draft}/rehearsals")
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/rehearsals/\d+$"))
    return {"draft": str(draft), "rehearsal": page.url.removeprefix(home).partition("?")[0]}


class Api:
    """The HTTP API by a key, in the same browser."""

    def __init__(self, page: Page, base: str, key: str) -> None:
        self._page, self._base = page, base
        self._headers = {"Authorization": f"Bearer {key}", "If-Match": "*"}

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self._base}/api/v1{path}"
        said = self._page.request.fetch(url, method=method, headers=self._headers, data=body)
        assert said.ok, f"{method} {path}: {said.text()}"
        return said.json()


def found(page: Page, home: str) -> dict[str, str]:
    """Return where a conversation and a message are that have something to show."""
    page.goto(f"{home}inbox/?scope=awaiting")
    talk = page.locator("a.thread-row").first.get_attribute("href") or ""
    page.goto(f"{home}messages/")
    message = page.locator("a.table-main").first.get_attribute("href") or ""
    return {"talk": urljoin(home, talk).removeprefix(home), "message": urljoin(home, message).removeprefix(home)}


def take(page: Page, home: str, address: str, name: str) -> None:
    """Write one picture: -dark in the dark theme, -phone as on a telephone; of the rehearsal once it is done."""
    width, height = PHONE if name.endswith("-phone") else WIDE
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if name.endswith("-dark") else "light")
    page.goto(home + address)
    ends = time.monotonic() + _REHEARSAL_S
    while name == "rehearsal" and page.get_by_text("What would have gone wrong").count() == 0:
        assert time.monotonic() < ends, "the rehearsal has not ended"
        time.sleep(2)
        page.reload()
    page.wait_for_load_state("load")
    page.wait_for_timeout(800)  # parts of it ask for themselves
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
