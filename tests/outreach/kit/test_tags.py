"""Template tags and filters, through Django's own engine."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, engines

from outreach.kit import clock


def rendered(text: str, **values: object) -> str:
    return str(engines["django"].engine.from_string(text).render(Context(values)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ state|tone }} {{ state|words }}", "slate Opted out"),
        ("{{ nothing|words|default:'no reason' }}", "no reason"),
        ("{{ count|number }} {{ nothing|number }}", "12,300 –"),  # noqa: RUF001
        ("{{ count|plural:'contact' }}", "12,300 contacts"),
        ("{{ share|percent }} {{ nothing|percent }} {{ part|percent:count }}", "7.5 % – 1.0 %"),  # noqa: RUF001
        ("{{ part|rate:count }} {{ nothing|rate:nothing }}", "1.0 % of 12,300 – of 0"),  # noqa: RUF001
        ("{{ mapping|get:state }} {{ mapping|get:'other' }}", "7 None"),
        ("{{ nothing|ago }}", "–"),  # noqa: RUF001
    ],
)
def test_a_filter_writes_what_a_person_reads(text: str, shown: str) -> None:
    values = {"state": "opted_out", "count": 12300, "part": 120, "share": 0.075, "mapping": {"opted_out": 7}}
    assert rendered(text, nothing=None, **values) == shown


def test_a_time_is_relative_and_tells_each_clock_on_hover() -> None:
    at = clock.now() - timedelta(hours=3, seconds=5)
    member = SimpleNamespace(workspace=SimpleNamespace(time_zone="Europe/Berlin"))
    html = rendered("{% when at zone %}", at=at, zone=ZoneInfo("Asia/Tokyo"), member=member)
    assert ">3 h ago</time>" in html
    assert "Recipient: " in html
    assert " JST\nYou: " in html
    assert "\nUTC: " in html


def test_what_is_overdue_is_due_now_and_what_comes_later_is_told_as_a_time() -> None:
    overdue = rendered("{% due at %}", at=clock.now() - timedelta(minutes=3))
    assert ">now</time>" in overdue
    assert "UTC: " in overdue
    assert "data-behaviour" not in overdue  # or the page would make "3 min ago" of it
    assert ">in 2 h</time>" in rendered("{% due at %}", at=clock.now() + timedelta(hours=2, seconds=5))
    assert rendered("{% due nothing %}", nothing=None) == rendered("{% when nothing %}", nothing=None)


def test_no_time_is_a_dash() -> None:
    assert rendered("{% when nothing %}", nothing=None) == '<span class="muted">–</span>'  # noqa: RUF001


class MailboxForm(forms.Form):
    host = forms.CharField(help_text="As your provider names it.", widget=forms.TextInput(attrs={"class": "mono"}))
    port = forms.IntegerField()


def test_a_control_is_tied_to_its_help_and_its_error() -> None:
    html = rendered("{% control form.host %}", form=MailboxForm({"host": "", "port": "25"}))
    assert 'class="control mono"' in html
    assert 'aria-describedby="id_host_help id_host_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_control_without_help_and_error_points_nowhere() -> None:
    html = rendered("{% control form.port %}", form=MailboxForm({"host": "a", "port": "25"}))
    assert "aria-describedby" not in html


def test_what_a_stranger_wrote_is_escaped() -> None:
    assert "&lt;b&gt;" in rendered("{{ state|words }}", state="<b>")
