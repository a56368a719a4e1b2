"""Pages of upper rooms that are tabs of the settings."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["planner:throttles", "sequences:closed_days", "workspace:members"])
def test_pages_of_the_settings_light_up_settings_and_nothing_else(client: Client, name: str) -> None:
    member = make_team()
    client.force_login(member.user)
    page = client.get(member.url(name)).content.decode()
    rail = page[page.index('class="rail-brand"') : page.index("Sign out")]
    lit = [part.split("<span>")[1].split("</span>")[0] for part in rail.split("<a ") if 'aria-current="page"' in part]
    assert lit == ["Settings"]
