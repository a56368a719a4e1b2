"""Every address of the program; upper rooms are named as strings."""

from __future__ import annotations

from django.urls import include, path

from outreach.accounts import views
from outreach.accounts.urls import allauth_urlpatterns

_WORKSPACE = [
    path("contacts/", include("campaigns.contacts.urls")),
    path("campaigns/", include("campaigns.sequences.urls")),
    path("campaigns/", include("sending.planner.urls")),
    path("campaigns/", include("sending.proofs.urls")),
    path("campaigns/", include("sending.rehearsal.urls")),
    path("campaigns/", include("sending.tracking.urls")),
    path("library/", include("campaigns.library.urls")),
    path("mailboxes/", include("sending.mailboxes.urls")),
    path("domains/", include("sending.domains.urls")),
    path("domains/", include("sending.dmarc.urls")),
    path("inbox/", include("sending.inbox.urls")),
    path("settings/", include("outreach.accounts.workspace_urls")),
    path("settings/", include("sending.links.urls")),
    path("standstill/", include("sending.guard.urls")),
    path("", include("sending.reports.urls")),
]

handler400 = "outreach.accounts.views.not_understood"
urlpatterns = [
    path("", include("outreach.accounts.urls")),
    path("accounts/", include(allauth_urlpatterns)),
    path("oauth/", include("sending.mailboxes.oauth.urls")),
    path("api/v1/", include("outreach.api")),
    path("healthz", views.health, name="health"),
    path("w/<slug:workspace>/", include(_WORKSPACE)),
]
