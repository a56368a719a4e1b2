"""Read-only pages over all rooms: home, messages, the story of one message, results."""
