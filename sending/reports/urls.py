"""Pages over all rooms, under /w/<workspace>/."""

from __future__ import annotations

from django.urls import path

from sending.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("contacts/<int:pk>/story", views.contact_story, name="contact_story"),
    path("log/", views.log, name="log"),
    path("messages/", views.messages_page, name="messages"),
    path("messages/<int:pk>", views.message_story, name="message"),
    path("campaigns/<int:pk>/results", views.results, name="results"),
]
