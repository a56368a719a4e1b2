"""Pages are looked at on a live server here, too: its threads let go of the database before it is dropped."""

from __future__ import annotations

from tests.browser.conftest import _connections_let_go

__all__ = ["_connections_let_go"]
