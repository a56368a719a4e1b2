"""Pages of the inbox, under /w/<workspace>/inbox/."""

from __future__ import annotations

from django.urls import path

from sending.inbox import views

app_name = "inbox"
urlpatterns = [
    path("", views.inbound_list, name="list"),
    path("<int:pk>", views.inbound_detail, name="detail"),
    path("<int:pk>/label", views.inbound_label, name="label"),
]
