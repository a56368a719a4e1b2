"""Tracking domains of workspaces: proven, looked at again, answered, and left where they do not work."""
