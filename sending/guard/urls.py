"""The standstill page, under /w/<workspace>/standstill/."""

from __future__ import annotations

from django.urls import path

from sending.guard import views

app_name = "guard"
urlpatterns = [
    path("", views.standstill, name="standstill"),
    path("confirmation", views.confirmation, name="confirmation"),
]
