"""What each state looks like everywhere: a tone, which brings a colour and a shape, and a word.

Rooms own their states; this table owns only how a state's value is shown, so that one word never has two colours.
"""

from __future__ import annotations

# tone -> the values shown in it; what is named nowhere is grey. Each tone has its colours in static/css/tokens.css and
# its shape in static/css/components/badge.css.
_TONES = {
    "green": "good positive address_valid signing works sent accepted delivered finished done passed ok success "
    "settled",
    "blue": "test_mail sending_domain tracking_domain running active sending claimed dot_pending launched resumed "
    "mailbox_resumed info enrolled",
    "violet": "replied human_reply branched clicked opened",
    "amber": "advice undoing address_risky address_catch_all missing deferred delayed unreachable needs_sign_in "
    "warn warning soft bounced_soft",
    "olive": "held paused mailbox_paused mailbox_cooled cooldown address_held company_paused ended growth_held edited",
    "pink": "in_doubt assumed_sent sent_again",
    "red": "bad broken address_no_mail no_mail bounced bounced_hard bounce failed refused error hard no_such_address "
    "out_of_tries not_sendable",
    "orange": "blocked block complained complaint",
    "slate": "negative address_role address_disposable disposable role_address opted_out opt_out suppressed erased",
}
_TONE_OF = {state: tone for tone, states in _TONES.items() for state in states.split()}
# Where the value alone would not tell a person what happens.
_WORDS = {
    "ground_stated": "Ground to write",
    "law_overridden": "Decided where the law leaves room",
    "growth_held": "Left out of the growth",
    "claimed": "Connecting",
    "dot_pending": "Handing over",
    "human_reply": "Reply",
    "branched": "Another way taken",
    "edited": "Edited",
    "broken_branch": "Branch cannot be followed",
    "written_before": "Was written to before",
    "no_consent": "Consent is not on record",
    "no_postal_address": "No postal address to show",
    "made_already": "Has this message already",
    "auto_reply": "Auto-reply",
    "auto_replied": "Auto-reply",
    "clicked": "Clicked by a person",
    "click_machine": "Clicked by a machine",
    "click_unknown": "Clicked, unknown by whom",
    "opened": "Opened by a person",
    "open_machine": "Opened by a machine",
    "open_unknown": "Opened, unknown by whom",
    "no_clicks": "No clicks are followed",
    "bounced_hard": "Bounced for good",
    "bounced_soft": "Bounced for now",
    "opt_out": "Opt-out",
    "needs_sign_in": "Needs sign-in",
    "original_id": "Our Message-ID in it",
    "rfc3464": "Delivery report",
    "rfc3834": "Marked as automatic",
    "rfc5965": "Complaint report",
    "rfc6591": "Report on authentication",
    "challenge": "Asks who wrote",
    "free-form": "Wording of a bounce",
    "status": "Status code",
    "code": "Answer code",
    "words": "The server's words",
    "opt-out": "Asks to stop",
    "own": "Written by us",
    "ended": "Stopped for good",
    "campaign_ended": "Campaign was stopped",
    "sync_stale": "Answers not read yet",
    "absent": "Out of office",
    "out_of_office": "Out of office",
    "referral": "Somebody else is named",
    "not_now": "Not now",
    "other": "Something else",
    "window": "Outside sending hours",
    "gap": "Gap between two messages",
    "bad_template": "Wording cannot be rendered",
    "mailbox_state": "Mailbox is stopped",
    "mailbox_backoff": "Server asks to wait",
    "authentication": "Domain is not believed",
    "mailbox_cooled": "Leaves a provider alone",
    "cooldown": "The provider distrusts the mailbox",
    "address_held": "Address rests",
    "company_paused": "Company is paused",
    "ok": "OK",
    "rotation": "Left to another mailbox",
    "reserved": "Places kept for follow-ups",
    "wait": "Wait between two steps",
    "over": "Its sequence is over",
    "not_enrolled": "Not in the campaign yet",
    "new_leads_limit": "New contacts of the day",
    "no_mail": "Domain takes no mail",
    "disposable": "Throw-away address",
    "domain_doubted": "Domain looked up once more",
}


def tone_of(state: str) -> str:
    """Return the tone of a state's value: green, blue, violet, amber, olive, pink, red, orange, slate or grey."""
    return _TONE_OF.get(state, "grey")


def words_of(state: str) -> str:
    """Return a value in words: "no_such_address" is "No such address", "no-user" is "No user"."""
    plain = state.replace("_", " ").replace("-", " ").strip()
    return _WORDS.get(state, plain[:1].upper() + plain[1:])
