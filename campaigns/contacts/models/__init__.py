"""Contacts, lists, imports and suppressions."""

from campaigns.contacts.models.bulk import BulkAct, BulkPart
from campaigns.contacts.models.dry_runs import DryRun
from campaigns.contacts.models.erasures import Erasure
from campaigns.contacts.models.fields import CustomField
from campaigns.contacts.models.grounds import ContactGround
from campaigns.contacts.models.history import NOTE_LIMIT, ContactEdit, ContactNote
from campaigns.contacts.models.imports import PAGE_LIMIT, SOURCE_LIMIT, ContactImport, ImportChunk, RejectedRow
from campaigns.contacts.models.interests import INTEREST_LIMIT, ListInterest
from campaigns.contacts.models.people import Contact, ContactList, ContactTag, ListMember, Tag
from campaigns.contacts.models.removals import FieldRemoval
from campaigns.contacts.models.retention import SHORTEST_DAYS, Retention, RetentionRun
from campaigns.contacts.models.segments import SEGMENT_NAME_LIMIT, Segment, SegmentUse
from campaigns.contacts.models.suppressions import LiftedSuppression, Suppression
from campaigns.contacts.models.traces import ImportChange, ImportTrace
from campaigns.contacts.models.verification import AddressCheck, CheckedDomain, DomainRecord, MailDomain

__all__ = [
    "INTEREST_LIMIT",
    "NOTE_LIMIT",
    "PAGE_LIMIT",
    "SEGMENT_NAME_LIMIT",
    "SHORTEST_DAYS",
    "SOURCE_LIMIT",
    "AddressCheck",
    "BulkAct",
    "BulkPart",
    "CheckedDomain",
    "Contact",
    "ContactEdit",
    "ContactGround",
    "ContactImport",
    "ContactList",
    "ContactNote",
    "ContactTag",
    "CustomField",
    "DomainRecord",
    "DryRun",
    "Erasure",
    "FieldRemoval",
    "ImportChange",
    "ImportChunk",
    "ImportTrace",
    "LiftedSuppression",
    "ListInterest",
    "ListMember",
    "MailDomain",
    "RejectedRow",
    "Retention",
    "RetentionRun",
    "Segment",
    "SegmentUse",
    "Suppression",
    "Tag",
]
