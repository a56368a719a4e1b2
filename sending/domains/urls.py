"""Pages of the domains, under /w/<workspace>/domains/."""

from __future__ import annotations

from django.urls import path

from sending.domains import views

app_name = "domains"
urlpatterns = [
    path("", views.domain_list, name="list"),
    path("<int:pk>/check", views.key_check, name="check"),
    path("<int:pk>/removal", views.key_removal, name="removal"),
]
