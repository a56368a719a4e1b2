"""Why somebody is, was or was not written to, and what would change it."""
