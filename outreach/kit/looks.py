"""What each state looks like everywhere: a tone (its colours in tokens.css), a shape (an icon) and a word.

Rooms own their states; this table owns only how a state's value is shown, so that one word never has two colours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown. `tone` names a class `tone-<tone>` of tones.css, `icon` a Lucide icon."""

    tone: str
    icon: str
    word: str


_LOOKS = {
    # campaigns, imports and other work
    "draft": Look("quiet", "circle-dashed", "Draft"),
    "uploaded": Look("quiet", "file-up", "Uploaded"),
    "queued": Look("quiet", "clock", "Queued"),
    "planned": Look("quiet", "clock", "Planned"),
    "running": Look("running", "play", "Running"),
    "paused": Look("held", "pause", "Paused"),
    "archived": Look("quiet", "archive", "Archived"),
    "done": Look("sent", "circle-check", "Done"),
    "launched": Look("running", "play", "Launched"),
    "resumed": Look("running", "play", "Resumed"),
    # enrollments
    "enrolled": Look("quiet", "list-checks", "Enrolled"),
    "active": Look("running", "circle-play", "Active"),
    "sending": Look("running", "loader", "Sending"),
    "held": Look("held", "hand", "Held"),
    "released": Look("quiet", "play", "Released"),
    "finished": Look("sent", "circle-check", "Finished"),
    "stopped": Look("quiet", "circle-stop", "Stopped"),
    "skipped": Look("quiet", "skip-forward", "Skipped"),
    "removed": Look("quiet", "circle-minus", "Removed"),
    # messages
    "claimed": Look("running", "plug", "Connecting"),
    "dot_pending": Look("running", "loader", "Handing over"),
    "sent": Look("sent", "check", "Sent"),
    "accepted": Look("sent", "check", "Accepted"),
    "delivered": Look("sent", "mail-check", "Delivered"),
    "assumed_sent": Look("in-doubt", "check", "Assumed sent"),
    "deferred": Look("deferred", "clock-alert", "Deferred"),
    "delayed": Look("deferred", "clock-alert", "Delayed"),
    "unreachable": Look("deferred", "plug", "Unreachable"),
    "in_doubt": Look("in-doubt", "circle-question-mark", "In doubt"),
    "failed": Look("bounced", "x", "Failed"),
    "refused": Look("bounced", "x", "Refused"),
    "out_of_tries": Look("bounced", "x", "Out of tries"),
    "cancelled": Look("quiet", "circle-slash", "Cancelled"),
    "bounced": Look("bounced", "mail-x", "Bounced"),
    "bounce": Look("bounced", "mail-x", "Bounce"),
    "no_such_address": Look("bounced", "mail-x", "No such address"),
    "blocked": Look("blocked", "octagon-x", "Blocked"),
    # what comes back
    "replied": Look("replied", "reply", "Replied"),
    "human_reply": Look("replied", "reply", "Reply"),
    "auto_reply": Look("quiet", "bot", "Auto-reply"),
    "opted_out": Look("opted-out", "user-minus", "Opted out"),
    "opt_out": Look("opted-out", "user-minus", "Opt-out"),
    "complained": Look("blocked", "flag", "Complained"),
    "complaint": Look("blocked", "flag", "Complaint"),
    "suppressed": Look("opted-out", "shield-ban", "Suppressed"),
    # mailboxes
    "untested": Look("quiet", "circle-dashed", "Untested"),
    "needs_sign_in": Look("deferred", "key-round", "Needs sign-in"),
    # findings
    "ok": Look("sent", "circle-check", "OK"),
    "info": Look("running", "info", "Note"),
    "success": Look("sent", "circle-check", "Done"),
    "warn": Look("deferred", "triangle-alert", "Warning"),
    "warning": Look("deferred", "triangle-alert", "Warning"),
    "error": Look("bounced", "circle-x", "Error"),
    "debug": Look("quiet", "info", "Note"),
}


def look_of(state: str) -> Look:
    """Return the look of a state's value; one that is not in the table is shown quietly, in its own words."""
    known = _LOOKS.get(state)
    if known:
        return known
    words = state.replace("_", " ").strip()
    return Look("quiet", "circle", words[:1].upper() + words[1:])
