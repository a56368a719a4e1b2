"""Pages of the inbox, under /w/<workspace>/inbox/."""

from __future__ import annotations

from django.urls import path

from sending.inbox import reading_views, views

app_name = "inbox"
urlpatterns = [
    path("", views.inbound_list, name="list"),
    path("aside", reading_views.set_aside, name="set_aside"),
    path("aside/<int:pk>/again", reading_views.set_aside_again, name="set_aside_again"),
    path("mailboxes/<int:pk>", reading_views.reading, name="reading"),
    path("mailboxes/<int:pk>/now", reading_views.reading_now, name="reading_now"),
    path("mailboxes/<int:pk>/back-fill", reading_views.back_fill, name="back_fill"),
    path("<int:pk>", views.inbound_detail, name="detail"),
    path("<int:pk>/label", views.inbound_label, name="label"),
]
