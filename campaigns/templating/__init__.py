"""The bounded personalization language: Jinja2 by allow-list, spin for wording, and a guard for missing values.

Pure: no Django, no clock, no randomness. A template comes from a person and is hostile until it is checked.
"""

from campaigns.templating.cleaning import clean_header, clean_text
from campaigns.templating.fallbacks import bare_uses, with_fallback
from campaigns.templating.language import Template, check, compile_template
from campaigns.templating.lint import Finding, Identity, Severity, lint
from campaigns.templating.lint.pretence import may_pretend, pretends, reads_pretended
from campaigns.templating.marks import prints
from campaigns.templating.problems import MissingValue, TemplateProblem
from campaigns.templating.rendering import left_open, missing, render, render_open
from campaigns.templating.spinning import check_spin, has_choices, spin
from campaigns.templating.variables import STANDARD

__all__ = [
    "STANDARD", "Finding", "Identity", "MissingValue", "Severity", "Template", "TemplateProblem", "bare_uses", "check",
    "check_spin", "clean_header", "clean_text", "compile_template", "has_choices", "left_open", "lint", "may_pretend",
    "missing", "pretends", "prints", "reads_pretended", "render", "render_open", "spin", "with_fallback",
]  # fmt: skip
