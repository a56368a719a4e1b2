"""What every test shares: plain static files, a cheap password hash, no sockets to the outside."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import override_settings
from hypothesis import HealthCheck, settings

from tests.emptying import truncate_little

truncate_little()
TESTS = Path(__file__).parent
# A file stays with one worker: none shall be left alone with one of these at the end.
LONGEST = ("sending/chaos/test_faults.py", "browser/test_studio.py", "test_access_walk.py", "test_api_walk.py")
_MIGRATED = "migrated"  # the database that workers copy
# How long an example takes says something about the machine and what else runs on it, nothing about the program.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The build machine looks at the same examples each time: what turns red there, the change has done.
settings.register_profile("build", settings.get_profile("house"), derandomize=True, database=None)
settings.load_profile("build" if os.environ.get("REQUIRE_ALL") else "house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first; all else stays in its order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


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
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> None:
    """Do without the pool: a connection that it keeps would hold the test database when it is dropped.

    Where several workers share the tests, one migrates, and all copy its database: migrations take a quarter of a
    minute.
    """
    for one in connections.all():
        one.settings_dict["OPTIONS"].pop("pool", None)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    folder = tmp_path_factory.getbasetemp().parent
    with (folder / "migrated.lock").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "migrated").exists():
            migrate(_MIGRATED)
            (folder / "migrated").touch()
        connection.settings_dict["TEST"]["TEMPLATE"] = _MIGRATED


def migrate(name: str) -> None:
    """Make a database and migrate it."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()  # a database in use cannot be copied
        connection.settings_dict["NAME"] = before


@pytest.fixture(scope="session", autouse=True)
def _chromium_ends() -> Iterator[None]:
    """End the Chromium that the first window of this run has started."""
    yield
    if chromium := sys.modules.get("tests.browser.chromium"):
        chromium.end()
