"""Pages of the reports about a domain, under /w/<workspace>/domains/."""

from __future__ import annotations

from django.urls import path

from sending.dmarc import views

app_name = "dmarc"
urlpatterns = [
    path("watched/<int:pk>/reports", views.reports_page, name="reports"),
    path("watched/<int:pk>/reports/file", views.reports_file, name="file"),
]
