"""Pages outside of a workspace: the front door, sign-in, the person's own settings."""

from __future__ import annotations

from django.urls import path

from outreach.accounts import doors, views

app_name = "accounts"
urlpatterns = [
    path("", views.start, name="start"),
    path("workspaces/", views.workspaces, name="workspaces"),
    path("workspaces/new", views.workspace_create, name="workspace_create"),
    path("profile", views.profile, name="profile"),
    path("theme", views.theme, name="theme"),
]
# allauth finds its pages by these names. There is no mail relay before a mailbox is connected, so what needs
# one (verifying an address, a new password by mail) has no page; `manage.py changepassword` sets a lost one.
allauth_urlpatterns = [
    path("login/", doors.sign_in, name="account_login"),
    path("logout/", doors.sign_out, name="account_logout"),
    path("signup/", doors.sign_up, name="account_signup"),
    path("inactive/", doors.inactive, name="account_inactive"),
    path("password/", doors.password, name="account_change_password"),
]
