"""What the migrations leave in the database: every constraint looked at, every index whole."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_every_constraint_has_been_validated_and_every_index_is_whole() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY conname")
        unseen = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)")
        broken = [name for (name,) in cursor.fetchall()]
    assert (unseen, broken) == ([], [])
