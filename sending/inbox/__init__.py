"""What comes back: reading mailboxes, matching, threads."""
