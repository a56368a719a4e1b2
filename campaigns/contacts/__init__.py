"""Whom we write to: contacts, lists, imports and the people we must not write to."""
