"""Warn where a daily limit is higher than mail to strangers bears; nothing is refused here."""

from __future__ import annotations

from sending.mailboxes.presets import Preset

# Above this a mailbox stands out, whatever its provider allows.
WARN_ABOVE = 50


def warnings_of(daily_limit: int, preset: Preset | None) -> tuple[str, ...]:
    """Return what is to be said about a limit, the more serious first."""
    found = []
    if preset and preset.ceiling is not None and daily_limit > preset.ceiling:
        found.append(f"More than {preset.name} bears ({preset.ceiling:,} a day). {preset.ceiling_says}")
    if daily_limit > WARN_ABOVE:
        found.append(
            f"Above {WARN_ABOVE} messages a day to strangers a mailbox stands out to filters; "
            "30 is usual. More mailboxes carry more, and more safely."
        )
    return tuple(found)
