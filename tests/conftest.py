"""What every test shares: plain static files, a cheap password hash, no sockets to the outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import override_settings
from hypothesis import HealthCheck, settings

from tests.emptying import truncate_little

truncate_little()
# How long an example takes says something about the machine and what else runs on it, nothing about the program.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _cheap_settings() -> Iterator[None]:
    """Spare the tests what only costs time: collected static files and a slow password hash."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    ):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Do without the pool: a connection that it keeps would hold the test database when it is dropped."""
    for connection in connections.all():
        connection.settings_dict["OPTIONS"].pop("pool", None)
