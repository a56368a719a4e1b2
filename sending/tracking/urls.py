"""Pages of tracking, under /w/<workspace>/campaigns/. Those of the tracking host: host_urls.py."""

from __future__ import annotations

from django.urls import path

from sending.tracking import views

app_name = "tracking"
urlpatterns = [
    path("<int:pk>/tracking", views.choices, name="choices"),
]
