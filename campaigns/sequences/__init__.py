"""What we write and to whom it goes: campaigns, steps, variants, audience."""
