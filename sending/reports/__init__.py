"""Pages over all rooms: home, messages, the story of one message, what is in doubt, results. They own no rows."""
