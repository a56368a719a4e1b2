"""The addresses of the tracking host: all that it answers to. See sending/links/addresses.py."""

from __future__ import annotations

from django.urls import path

from sending.tracking import host_views

urlpatterns = [
    path("c/<str:token>", host_views.click),
    path("o/<str:token>", host_views.opened),
    path("u/<str:token>", host_views.opt_out),
    path("u/<str:token>/source", host_views.source),
]
