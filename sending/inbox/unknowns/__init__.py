"""Mails that no rule knows: shown, said by a person what they are, and known from then on."""
