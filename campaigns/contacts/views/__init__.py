"""HTTP of the room: read input, ask one query or service, answer."""
