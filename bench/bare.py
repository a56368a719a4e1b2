"""The least that Django can do: one view, no middleware; what the tracking host is measured beside."""

from __future__ import annotations

import os
from base64 import b64decode

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

_IMAGE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def image(_request: HttpRequest, **_values: str) -> HttpResponse:
    return HttpResponse(_IMAGE, headers={"Content-Type": "image/gif", "Content-Length": str(len(_IMAGE))})


urlpatterns = [path("o/<str:token>", image)]


def _application() -> WSGIHandler:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.bare_settings")
    django.setup(set_prefix=False)
    return WSGIHandler()


if os.environ.get("BENCH_SERVES") == "bare":
    application = _application()
