"""What this room has of a person."""

from __future__ import annotations

from campaigns.contacts.parts import PersonPart
from campaigns.contacts.queries.history import moments_of

PART = PersonPart(moments=moments_of)
