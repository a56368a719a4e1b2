"""Who is due, from which mailbox, and why not: enrollments, launch, gates, stops."""
