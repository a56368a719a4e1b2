"""Django app of the planner room."""

from __future__ import annotations

from django.apps import AppConfig


class PlannerConfig(AppConfig):
    name = "sending.planner"
    label = "planner"
