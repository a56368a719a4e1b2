"""Pages outside of a workspace: the front door, sign-in, the person's own settings."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import path

from outreach.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.start, name="start"),
    path("workspaces/new", views.workspace_create, name="workspace_create"),
    path("profile", views.profile, name="profile"),
    path("theme", views.theme, name="theme"),
]
# allauth finds its pages by these names. There is no mail relay before a mailbox is connected, so what needs one (address
# verification, password reset by mail) has no page; `manage.py changepassword` sets a lost password.
allauth_urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", account.signup, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("password/", account.password_change, name="account_change_password"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
]
