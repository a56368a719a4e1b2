"""The variables that every wording may use; custom fields of the contacts join them by their bare names.

A variable stands here when whoever renders supplies it: one that nobody fills would hold every message.
"""

from __future__ import annotations

from collections.abc import Mapping

STANDARD: Mapping[str, str] = {
    "first_name": "The contact's first name",
    "last_name": "The contact's last name",
    "full_name": "First and last name together",
    "email": "The contact's address",
    "company": "The company",
    "title": "The contact's job title",
    "phone": "The phone number",
    "website": "The company's website",
    "city": "The city",
    "region": "The state or region",
    "country": "The country, as two letters",
    "sender.name": "The display name of the mailbox that sends",
    "sender.email": "The address of the mailbox that sends",
    "sender.signature": "The signature of the mailbox that sends; put under the text by itself if not used",
    "sender.postal_address": "The postal address of the workspace",
}
