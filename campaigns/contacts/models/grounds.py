"""On what ground people may be written to, beyond that of the import which brought them."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.models.imports import ContactImport
from campaigns.contacts.models.people import Contact
from campaigns.contacts.states import BASIS_LABELS, FURTHER_GROUNDS, LegalBasis


class ContactGround(models.Model):
    """That an import stated a ground for somebody who was known before it. Rows are added, and go with an undo.

    Neither key is checked by the database: the merge that writes the rows holds their contacts.
    """

    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="grounds", db_index=False, db_constraint=False
    )
    # indexed: what a claim asks of everybody whose law needs a consent
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="grounds", db_constraint=False)
    basis = models.CharField(max_length=12)  # states.LegalBasis
    stated_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_ground"
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "contact"], name="contacts_stated_once_by_an_import"),
            models.CheckConstraint(
                condition=models.Q(basis__in=[basis.value for basis in FURTHER_GROUNDS]),
                name="contacts_known_further_ground",
            ),
        ]

    @property
    def basis_words(self) -> str:
        return BASIS_LABELS[LegalBasis(self.basis)]
