"""The program's addresses, and the gallery inside a workspace."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from outreach import urls
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock

# One state of each tone, and one that no table knows.
STATES = ("sent", "running", "replied", "deferred", "held", "in_doubt", "bounced", "blocked", "opted_out", "draft")


class GalleryForm(forms.Form):
    host = forms.CharField(label="SMTP server", help_text="As your provider names it.")
    port = forms.IntegerField(label="Port", min_value=1, max_value=65535)
    security = forms.ChoiceField(choices=[("starttls", "STARTTLS"), ("tls", "TLS")])
    signature = forms.CharField(widget=forms.Textarea, required=False)
    days = forms.MultipleChoiceField(choices=[("1", "Mon"), ("2", "Tue")], widget=forms.CheckboxSelectMultiple)
    keeps_copies = forms.BooleanField(label="Keep a copy in Sent", required=False, help_text="Most servers do.")

    def clean(self) -> None:
        raise forms.ValidationError("The server refused the password.")


@member_page(Role.VIEWER)
def gallery(request: MemberRequest) -> HttpResponse:
    messages.success(request, "Settings saved.")
    messages.error(request, "They are a member already.")
    sides = (("note", "Connected."), ("client", "EHLO brightpath.example"), ("server", "550 5.1.1 no such user"))
    context = {
        "states": STATES,
        "people": ("ana.dubois", "ben.okafor", "cleo.rossi"),
        "days": range(1, 13),
        "moment": clock.now() - timedelta(minutes=5),
        "page": SimpleNamespace(newer="?before=x", older="?after=x"),
        # Every form of the gallery is refused, but for the note.
        "form": GalleryForm(None if "note" in request.POST else {"host": "", "port": "70000", "security": "tls"}),
        "lines": [{"side": side, "text": text, "at_ms": 31} for side, text in sides],
    }
    return render(request, "gallery.html", context)


@member_page(Role.VIEWER)
def live(request: MemberRequest) -> HttpResponse:
    return render(request, "live.html")


urlpatterns = [
    *urls.urlpatterns,
    path("w/<slug:workspace>/gallery", gallery),
    path("w/<slug:workspace>/gallery/live", live),
]
