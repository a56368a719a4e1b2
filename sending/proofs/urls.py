"""Proofs of wordings, under /w/<workspace>/campaigns/."""

from __future__ import annotations

from django.urls import path

from sending.proofs import views

app_name = "proofs"
urlpatterns = [
    path("variants/<int:pk>/exact", views.exact, name="exact"),
    path("variants/<int:pk>/spam", views.spam, name="spam"),
]
