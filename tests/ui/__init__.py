"""The design system: its rules, its look in a real browser, its keys."""
