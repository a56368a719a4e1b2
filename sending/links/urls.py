"""Pages of the tracking domain, under /w/<workspace>/settings/."""

from __future__ import annotations

from django.urls import path

from sending.links.hosts import views

app_name = "links"
urlpatterns = [
    path("tracking-domain", views.tracking_domain, name="domain"),
    path("tracking-domain/<int:pk>/check", views.domain_check, name="domain_check"),
    path("tracking-domain/<int:pk>/removal", views.domain_removal, name="domain_removal"),
]
