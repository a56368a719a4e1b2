"""Read a report of a stranger: its package, its XML or JSON, within bounds. Pure."""
