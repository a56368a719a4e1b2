"""The mailboxes that carry the mail: accounts, credentials, limits, connection tests, health."""
