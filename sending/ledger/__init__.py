"""The book of what happened: append-only events and their daily rollups."""
