"""The authoring floor: whom we write to and what we write. Knows nothing of SMTP."""
