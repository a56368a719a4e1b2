"""Settings of one workspace, under /w/<workspace>/settings/."""

from __future__ import annotations

from django.urls import path

from outreach.accounts import key_views, views

app_name = "workspace"
urlpatterns = [
    path("", views.workspace_settings, name="settings"),
    path("members", views.members, name="members"),
    path("members/<int:pk>/role", views.member_role, name="member_role"),
    path("members/<int:pk>/removal", views.member_removal, name="member_removal"),
    path("keys", key_views.keys, name="keys"),
    path("keys/<int:pk>/revocation", key_views.revocation, name="key_revocation"),
]
