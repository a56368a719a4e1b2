"""Pure pacing: budgets, ramp, gaps and gates; scheduler, explanation and forecast ask the same functions."""

from sending.pacing.budget import (
    Limits,
    Pace,
    Usage,
    allowance,
    bound_by,
    daily_budget,
    draw_gap,
    follow_up_places,
    gap_seed,
)
from sending.pacing.caps import RECHECK, Cap, new_leads_gate
from sending.pacing.gates import (
    AddressFacts,
    LeadFacts,
    MailboxFacts,
    address_gate,
    freshness_gate,
    lead_gates,
    mailbox_gates,
)
from sending.pacing.promises import Book, book_of, peak_use, reserved_gate
from sending.pacing.verdicts import UNTIL_MENDED, Drop, DropCode, Hold, HoldCode, Send, Verdict, decide

__all__ = [
    "RECHECK",
    "UNTIL_MENDED",
    "AddressFacts",
    "Book",
    "Cap",
    "Drop",
    "DropCode",
    "Hold",
    "HoldCode",
    "LeadFacts",
    "Limits",
    "MailboxFacts",
    "Pace",
    "Send",
    "Usage",
    "Verdict",
    "address_gate",
    "allowance",
    "book_of",
    "bound_by",
    "daily_budget",
    "decide",
    "draw_gap",
    "follow_up_places",
    "freshness_gate",
    "gap_seed",
    "lead_gates",
    "mailbox_gates",
    "new_leads_gate",
    "peak_use",
    "reserved_gate",
]
