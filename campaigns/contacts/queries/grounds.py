"""On what ground a person may be written to: what the import that brought them states, and what later ones do.

See docs/decisions/further-grounds.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.contacts.models import Contact, ContactGround
from campaigns.contacts.states import LegalBasis

# Of a contact c whose import is i: the ground that permits most. The names of the grounds stand in that order.
BEST_BASIS = """LEAST(COALESCE(i.legal_basis, 'unstated'),
    (SELECT min(k.basis) FROM contacts_ground k WHERE k.contact_id = c.id))"""
# The same where many are asked about: the grounds of a workspace are read once.
BEST_OF_MANY = "LEAST(COALESCE(i.legal_basis, 'unstated'), k.basis)"
GROUNDS_OF_MANY = """(
    SELECT g.contact_id, min(g.basis) AS basis
      FROM contacts_ground g JOIN contacts_import s ON s.id = g.contact_import_id
     WHERE s.workspace_id = %s GROUP BY 1)"""


def grounds_of(contact: Contact) -> Sequence[ContactGround]:
    """Return the grounds that later imports stated for a contact, the newest first."""
    rows = ContactGround.objects.filter(contact=contact).select_related("contact_import")
    return list(rows.order_by("-stated_at", "-pk"))


def basis_of(contact: Contact) -> LegalBasis:
    """Return the ground of a contact that permits most."""
    stated = list(ContactGround.objects.filter(contact=contact).values_list("basis", flat=True))
    first = contact.origin.legal_basis if contact.origin else LegalBasis.UNSTATED
    return LegalBasis(min([first, *stated]))
