"""The states of an import and of a check, and the reasons for a suppression."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"  # the file is stored; columns wait to be mapped
    QUEUED = "queued"  # mapped and confirmed; a worker will take it
    RUNNING = "running"  # a worker reads, checks and merges
    DONE = "done"  # every row is counted
    FAILED = "failed"  # stopped by an error that is shown; nothing was merged
    CANCELLED = "cancelled"  # stopped by a person; nothing was merged
    UNDOING = "undoing"  # a person takes it back; batches of it are left
    UNDONE = "undone"  # taken back, except what was changed since


IMPORT_MOVES: Mapping[ImportState, frozenset[ImportState]] = {
    ImportState.UPLOADED: frozenset({ImportState.QUEUED, ImportState.FAILED, ImportState.CANCELLED}),
    ImportState.QUEUED: frozenset({ImportState.RUNNING, ImportState.FAILED, ImportState.CANCELLED}),
    # back to QUEUED when its worker died: another one goes on
    ImportState.RUNNING: frozenset({ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED, ImportState.QUEUED}),
    ImportState.DONE: frozenset({ImportState.UNDOING}),
    ImportState.FAILED: frozenset(),
    ImportState.CANCELLED: frozenset(),
    ImportState.UNDOING: frozenset({ImportState.UNDONE}),
    ImportState.UNDONE: frozenset(),
}
MERGED = (ImportState.DONE, ImportState.UNDOING, ImportState.UNDONE)  # its counts add up


def import_sources(new: ImportState) -> tuple[ImportState, ...]:
    """Return the states from which an import may become `new`."""
    return tuple(state for state, moves in IMPORT_MOVES.items() if new in moves)


class DryRunState(StrEnum):
    """Where the dry run of an import stands."""

    QUEUED = "queued"  # a worker will take it
    RUNNING = "running"  # a worker reads and compares
    DONE = "done"  # the difference is there
    FAILED = "failed"  # stopped by an error that is shown


class CheckState(StrEnum):
    """Where a check of addresses stands."""

    RUNNING = "running"  # domains are left, or not dealt out yet
    DONE = "done"  # each was looked at
    CANCELLED = "cancelled"  # a person ended it; what it has found stays


class BulkState(StrEnum):
    """Where an act on many contacts stands."""

    PLANNED = "planned"  # whom it is about is fixed; it waits for a person's yes
    RUNNING = "running"  # parts are left
    DONE = "done"  # done to each who was there
    CANCELLED = "cancelled"  # a person ended it; what was done stays


class BulkAction(StrEnum):
    """What can be done to many contacts at once."""

    ADD = "add"  # onto a list
    REMOVE = "remove"  # off a list
    TAG = "tag"
    UNTAG = "untag"
    SUPPRESS = "suppress"  # never write to their addresses again
    DELETE = "delete"
    CHECK = "check"  # their addresses, by their domains


class ImportPolicy(StrEnum):
    """What happens to a contact that is known already and stands in the file again."""

    OVERWRITE = "overwrite"  # takes the values of the file
    FILL = "fill"  # takes them where it has none
    SKIP = "skip"  # stays as it is


POLICY_WORDS: Mapping[ImportPolicy, tuple[str, str]] = {
    ImportPolicy.OVERWRITE: ("Update", "The file's values replace what is known."),
    ImportPolicy.FILL: ("Fill gaps", "The file's values go where nothing is known yet."),
    ImportPolicy.SKIP: ("Leave as they are", "Only new people are added; the known ones still come onto the list."),
}


class TraceKind(StrEnum):
    """What an import leaves in rows of ids, so that it can be undone."""

    KNOWN = "known"  # contacts that were there already and stood in the file
    LISTED = "listed"  # places on the list that it gave to those
    TAGGED = "tagged"  # places of tags that it gave to those
    WROTE = "wrote"  # of those: who had only written to us, and was made a contact like others by it


class LegalBasis(StrEnum):
    """On what ground the people of a file may be written to (GDPR, article 6 (1)); a person states it.

    The order of the words is that of what they permit: queries take the least of them.
    """

    UNSTATED = "unstated"
    CONSENT = "consent"  # a
    CONTRACT = "contract"  # b
    INTEREST = "interest"  # f
    # What some laws take for an implied consent, with what has to be on record; by the GDPR b and f.
    INQUIRY = "inquiry"
    PUBLISHED = "published"


# What an import adds to the record of people who are known: grounds on which more is allowed than without.
FURTHER_GROUNDS = (LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INQUIRY, LegalBasis.PUBLISHED)


class Subscribers(StrEnum):
    """Who the people of a file are to a law that protects individuals: it means sole traders and partners, too."""

    UNSTATED = ""
    COMPANIES = "companies"
    INDIVIDUALS = "individuals"


SUBSCRIBER_LABELS: Mapping[Subscribers, str] = {
    Subscribers.UNSTATED: "Not stated",
    Subscribers.COMPANIES: "People at companies and other bodies with a legal person of their own",
    Subscribers.INDIVIDUALS: "Sole traders, partners, private persons, or some of them",
}
# The same of one person.
SUBSCRIBER_KINDS: Mapping[Subscribers, str] = {
    Subscribers.UNSTATED: "As their import says it",
    Subscribers.COMPANIES: "At a company, or another body with a legal person of its own",
    Subscribers.INDIVIDUALS: "A sole trader, a partner, a private person",
}
BASIS_LABELS: Mapping[LegalBasis, str] = {
    LegalBasis.UNSTATED: "Not stated",
    LegalBasis.CONSENT: "They agreed to be written to",
    LegalBasis.CONTRACT: "They are customers, or asked to become so",
    LegalBasis.INTEREST: "Legitimate interest, weighed against theirs",
    LegalBasis.INQUIRY: "They inquired or applied, and have not bought",
    LegalBasis.PUBLISHED: "They publish the address, for offers to their business",
}
# Those that can be stated for all of a campaign; the others are something else for each file: a day, a page.
CAMPAIGN_BASES = (LegalBasis.UNSTATED, LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INTEREST)
# Whom a legitimate interest need not carry.
WITHOUT_INTEREST = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INQUIRY})


# The same, as the person is told.
BASIS_TOLD: Mapping[LegalBasis, str] = {
    LegalBasis.CONSENT: "You agreed to be written to (GDPR, article 6 (1) (a)).",
    LegalBasis.CONTRACT: "You are a customer of ours, or asked to become one (GDPR, article 6 (1) (b)).",
    LegalBasis.INTEREST: "Our legitimate interest in writing to you, weighed against yours (GDPR, article 6 (1) (f)).",
    LegalBasis.INQUIRY: "You asked about what we offer (GDPR, article 6 (1) (b)).",
    LegalBasis.PUBLISHED: "You publish the address; our legitimate interest in writing to you, weighed against yours "
    "(GDPR, article 6 (1) (f)).",
}


class SuppressionReason(StrEnum):
    """Why an address or a domain is never written to."""

    NO_SUCH_ADDRESS = "no_such_address"  # a server said so, in the SMTP dialogue or by a bounce
    COMPLAINED = "complained"  # reported as spam (ARF, RFC 5965)
    OPTED_OUT = "opted_out"  # asked not to be written to: link, header, reply
    MANUAL = "manual"  # added by a person
    IMPORTED = "imported"  # came with a suppression list
    ERASED = "erased"  # asked to be forgotten: only a print of the address is left
    LOST_HISTORY = "lost_history"  # was written to, and the database that was put back knew nothing of it


# What a person said herself, or a server about her: no member lifts these by a click, and they replace a
# weaker reason.
BINDING_REASONS = frozenset(
    {
        SuppressionReason.NO_SUCH_ADDRESS,
        SuppressionReason.COMPLAINED,
        SuppressionReason.OPTED_OUT,
        SuppressionReason.ERASED,
    }
)
# What a person said herself: it stays the reason after an erasure.
OWN_WISHES = frozenset({SuppressionReason.COMPLAINED, SuppressionReason.OPTED_OUT})


class SuppressionScope(StrEnum):
    """What a suppression names."""

    ADDRESS = "address"  # one normalised address
    DOMAIN = "domain"  # a whole domain and the domains below it
    WILDCARD = "wildcard"  # a local part at many domains, or everybody below one: see core.suppressing
    ERASED = "erased"  # the print of an address whose person was erased
    SENDER = "sender"  # the print of an address, and one mailbox that it wants no more from: see prints.refusal_keys


REASON_LABELS: Mapping[SuppressionReason, str] = {
    SuppressionReason.NO_SUCH_ADDRESS: "No such address",
    SuppressionReason.COMPLAINED: "Complained",
    SuppressionReason.OPTED_OUT: "Opted out",
    SuppressionReason.MANUAL: "Added by hand",
    SuppressionReason.IMPORTED: "Imported",
    SuppressionReason.ERASED: "Erased",
    SuppressionReason.LOST_HISTORY: "Written to before a restore",
}


class ErasureState(StrEnum):
    """How far a person's erasure is."""

    WANTED = "wanted"  # acknowledged: nothing is sent any more, and what is known is being erased
    DONE = "done"  # nothing but a print is left
