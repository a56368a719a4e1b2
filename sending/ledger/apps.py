"""Django app of the ledger room."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "sending.ledger"
    label = "ledger"
