"""Pages of the mailboxes, under /w/<workspace>/mailboxes/."""

from __future__ import annotations

from django.urls import path

from sending.mailboxes import trials, views
from sending.mailboxes.oauth import views as oauth

app_name = "mailboxes"
urlpatterns = [
    path("", views.mailbox_list, name="list"),
    path("new", views.mailbox_create, name="create"),
    path("servers", views.mailbox_servers, name="servers"),
    path("limit", views.mailbox_limit, name="limit"),
    path("<int:pk>", views.mailbox_detail, name="detail"),
    path("<int:pk>/edit", views.mailbox_edit, name="edit"),
    path("<int:pk>/servers", views.mailbox_servers, name="edit_servers"),
    path("<int:pk>/sign-in", oauth.sign_in, name="sign_in"),
    path("<int:pk>/sign-in/account", oauth.account, name="sign_in_account"),
    path("<int:pk>/removal", views.mailbox_removal, name="removal"),
    path("<int:pk>/test", trials.mailbox_test, name="test"),
    path("<int:pk>/tests", trials.mailbox_tests, name="tests"),
    path("<int:pk>/test-mail", trials.mailbox_test_mail, name="test_mail"),
    path("<int:pk>/pause", views.mailbox_pause, name="pause"),
    path("<int:pk>/resumption", views.mailbox_resume, name="resume"),
]
