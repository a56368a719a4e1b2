"""What follows a message or an answer: the next step, a way that an answer opens, lessons and alarms."""
