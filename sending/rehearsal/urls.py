"""Pages of rehearsals, under /w/<workspace>/campaigns/."""

from __future__ import annotations

from django.urls import path

from sending.rehearsal import views

app_name = "rehearsal"
urlpatterns = [
    path("<int:pk>/rehearsals", views.rehearsals, name="list"),
    path("<int:pk>/rehearsals/newest", views.newest, name="newest"),
    path("rehearsals/<int:pk>", views.detail, name="detail"),
    path("rehearsals/<int:pk>/cancellation", views.cancel, name="cancel"),
    path("rehearsals/<int:pk>/messages", views.message_list, name="messages"),
    path("rehearsals/<int:pk>/people", views.people, name="people"),
    path("rehearsals/messages/<int:pk>", views.message, name="message"),
    path("rehearsals/messages/<int:pk>/source", views.source, name="source"),
    path("rehearsals/arrivals/<int:pk>", views.arrival, name="arrival"),
]
