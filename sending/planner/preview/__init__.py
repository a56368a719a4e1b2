"""What a real contact would get, before anything is sent."""
