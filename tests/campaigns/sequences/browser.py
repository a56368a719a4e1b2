"""A browser without a screen: reads the forms of a page and sends them back as they stand, with a few changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import cast

from django.http import HttpResponse
from django.test import Client

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member

Fields = dict[str, list[str]]


@dataclass
class Form:
    """One form: where it goes and what it would send now. Without an action it goes to the page's own address."""

    action: str
    fields: Fields = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


def client_of(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def htmx_of(member: Member) -> Client:
    return client_of(member, HX_Request="true")


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page's own content, or of a part, in order."""
    reader = _Reader()
    reader.feed(main_of(page) or page)
    return reader.forms


def form_to(page: str, action: str) -> Form:
    """Return the one form that goes to the address."""
    (found,) = [form for form in forms_of(page) if form.action == action]
    return found


def send(client: Client, form: Form, to: str = "", **changes: object) -> HttpResponse:
    """Send the form as a browser would, with other values for some of its fields."""
    return cast("HttpResponse", client.post(form.action or to, {**form.fields, **changes}))


def page_of(client: Client, member: Member, campaign: Campaign, name: str = "sequence") -> str:
    return client.get(member.url(f"sequences:{name}", campaign.pk)).text


def edit(client: Client, member: Member, campaign: Campaign, action: str, pk: int, **changes: object) -> HttpResponse:
    """Open the sequence page and send one of its forms."""
    form = form_to(page_of(client, member, campaign), member.url(f"sequences:{action}", pk))
    return cast("HttpResponse", client.post(form.action, {**form.fields, **changes}))


def errors_in(page: str) -> dict[str, str]:
    """Return what stands beside each field that is refused, by the field's name; "" is the whole form."""
    beside = re.findall(r'<ul class="errors" id="[a-z]+\d*_(\w+)_error">(.*?)</ul>', page, re.DOTALL)
    whole = re.findall(r"This could not be saved</p>.*?<ul>(.*?)</ul>", page, re.DOTALL)
    return {name: _plain(words) for name, words in [*beside, *(("", words) for words in whole)]}


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html)).strip()


def main_of(page: str) -> str:
    """Return what stands inside <main>, without tokens: they differ with each answer."""
    return page.partition('tabindex="-1">')[2].partition("</main>")[0].strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._textarea = self._select = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
            self._inside = True
        elif not self._inside or "disabled" in values:
            return
        elif tag == "button":
            self.forms[-1].buttons.append(values.get("formaction", ""))
        elif tag == "textarea":
            self._textarea = name
            self._put(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in values:
            self._put(self._select, values["value"])
        elif tag == "input" and (values.get("type") not in {"checkbox", "radio"} or "checked" in values):
            self._put(name, values.get("value", "on" if "checked" in values else ""))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea:
            # A browser drops the line end that Django puts behind the tag.
            values = self.forms[-1].fields[self._textarea]
            values[-1] = values[-1].removeprefix("\r\n").removeprefix("\n")
            self._textarea = ""
        elif tag == "form":
            self._inside = False

    def _put(self, name: str, value: str) -> None:
        if name:
            self.forms[-1].fields.setdefault(name, []).append(value)
