"""Where providers send browsers back to, under /oauth/: one address for all workspaces, as it is registered there."""

from __future__ import annotations

from django.urls import path

from sending.mailboxes.oauth import views

app_name = "oauth"
urlpatterns = [path("return", views.returned, name="return")]
