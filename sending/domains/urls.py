"""Pages of the domains, under /w/<workspace>/domains/."""

from __future__ import annotations

from django.urls import path

from sending.domains import views, watch_views

app_name = "domains"
urlpatterns = [
    path("", views.domain_list, name="list"),
    path("watched/<int:pk>", watch_views.domain_page, name="watched"),
    path("watched/<int:pk>/check", watch_views.domain_check, name="watched_check"),
    path("<int:pk>/check", views.key_check, name="check"),
    path("<int:pk>/removal", views.key_removal, name="removal"),
]
