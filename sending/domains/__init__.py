"""The domains that messages come from: signing them where a relay does not sign."""
