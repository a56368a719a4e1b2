"""Conversations: mails that belong together, what a team does with them, and how they are found again."""
