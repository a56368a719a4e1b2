"""What the HTTP API of every room stands on: its door, its refusals, its pages. outreach/api.py puts the rooms in."""
