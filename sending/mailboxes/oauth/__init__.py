"""Mailboxes that sign in with Google or Microsoft: the way to the provider and back, and the tokens that it gives."""
