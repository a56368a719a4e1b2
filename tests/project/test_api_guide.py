"""docs/api.md tells the truth: its commands run against the program, in the order in which they stand there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from campaigns.contacts.models import Contact, ContactImport, DryRun, Suppression
from campaigns.contacts.services import run_dry_run, run_import
from outreach.kit import clock
from outreach.rest.problems import TITLES
from sending.domains.models import WatchedDomain
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from tests.builders import (
    make_campaign,
    make_contact,
    make_list,
    make_step,
    make_suppression,
    make_template,
)
from tests.programs import API, make_key
from tests.sending.dmarc.files import aggregate, gzipped, record
from tests.sending.inbox.scene import come_in, make_scene, with_attached
from tests.sending.links.hosts.stage import zone

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
LEADS = b"Mail,Name,Remark\nbob@example.com,Bob Bauer,tall\nnobody,,\n"
FILES = {
    "postmaster.csv": f"Date,Spam rate\n{clock.now().date() - timedelta(days=2)},0.02%\n".encode(),
    "report.xml.gz": gzipped(aggregate(records=[record()])),
}


_IDS = r'\b(?:4711|42)\b|(?<="lists": \[)7\b|(?<="id": )3\b'


def commands() -> Iterator[list[str]]:
    """Yield the words behind each curl of the guide."""
    for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        words = shlex.split(block.replace("\\\n", " "))
        starts = [at for at, word in enumerate(words) if word == "curl"]
        for start, end in zip(starts, [*starts[1:], len(words)], strict=False):
            yield words[start + 1 : end]


def ask(words: list[str], key: str, ids: dict[str, int]) -> Any:
    """Send what curl would send, with our ids in place of those of the guide."""
    method, url, body, query = "", "", None, ""
    form: dict[str, Any] = {}
    headers: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).replace("$KEY", key).partition(": ")
                headers[name] = value
            case "--json":
                body = json.loads(re.sub(_IDS, lambda found: str(ids[found[0]]), next(rest)))
            case "-o":
                next(rest)
            case "--url-query":
                name, _, value = next(rest).partition("=")
                query = urlencode({name: value})
            case "-F":
                name, _, value = next(rest).partition("=")
                form[name] = (
                    SimpleUploadedFile(value[1:], FILES.get(value[1:], LEADS)) if value.startswith("@") else value
                )
            case _:
                assert word.startswith("$OUTREACH/"), word
                url = API + re.sub(r"/(\d+)", lambda found: f"/{ids[found[1]]}", word.removeprefix("$OUTREACH"))
    url += f"&{query}" if query else ""
    if form:
        return Client(headers=headers).post(url, form)
    method = method or ("POST" if body is not None else "GET")
    content = json.dumps(body) if body is not None else ""
    return Client(headers=headers).generic(method, url, content, "application/json")


def test_every_command_of_the_guide_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    with zone(monkeypatch, "go.example.net. 60 IN A 127.0.0.1\n"):
        run_the_guide()


def run_the_guide() -> None:
    scene = make_scene()
    member, hers = scene.member, come_in(scene, with_attached(b"%PDF-1.7", name='"offer.pdf"'))
    _, key = make_key(member)
    contact, suppression = make_contact(member.workspace, "before@example.com"), make_suppression(member.workspace)
    ids = {"4711": contact.pk, "7": make_list(member.workspace, "Seven").pk, "9": suppression.pk}
    campaign = make_campaign(member.workspace, "Twenty-one")
    make_step(campaign)
    Mailbox.objects.update(state=MailboxState.ACTIVE)
    ids |= {"21": campaign.pk, "3": scene.mailbox.pk}
    ids["31"] = make_template(member.workspace, "Thirty-one").pk
    ids |= {"41": hers.thread_id or 0, "42": hers.pk, "1": 1}
    ids["71"] = WatchedDomain.objects.create(workspace=member.workspace, domain="acme.example").pk
    done = 0
    for words in commands():
        answer = ask(words, key, ids)
        assert answer.status_code < 300, (words, answer.content)
        done += 1
        if words[0] == "$OUTREACH/imports":
            ids["12"] = answer.json()["id"]
            run_import(ids["12"])
            assert Contact.objects.get(email="bob@example.com").fields == {"remark": "tall"}
        elif words[0] == "$OUTREACH/imports/text":
            ids["13"] = answer.json()["id"]
        elif words[0].endswith("/answers"):
            ids["43"] = answer.json()["id"]
        elif words[0].endswith("/dry-run") and "--json" in words:
            run_dry_run(DryRun.objects.get().pk)
    assert done == 68
    contact.refresh_from_db()
    assert (contact.company, contact.fields) == ("Example plc", {"seats": "12"})
    fair, tried = ContactImport.objects.get(pk=ids["12"]), ContactImport.objects.get(pk=ids["13"])
    assert (fair.rows_created, fair.rows_rejected, fair.policy, fair.tags) == (1, 1, "fill", ["2026", "fair"])
    assert (fair.state, Contact.objects.filter(email="bob@example.com").exists()) == ("undone", False)
    assert (tried.state, tried.list_name) == ("cancelled", "Leads")
    assert sorted(Suppression.objects.values_list("value", flat=True)) == ["ada@example.com"]


def test_the_guide_names_every_status_and_scope() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for status in TITLES:
        assert status == 500 or str(status) in text
