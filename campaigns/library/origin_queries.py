"""Read which versions of which wordings came from which template."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from campaigns.library.core.origins import Origin, Text, origins
from campaigns.library.models import StepTemplate, TemplateUse
from campaigns.sequences.positions import step_name
from outreach.kit import statements

# The digest is that of core/origins.py: the texts themselves stay where they are.
_TEXTS = """
SELECT variant_id, number, came_from, encode(sha256(convert_to(body_text || chr(1) || body_html, 'UTF8')), 'hex')
  FROM sequences_wording_version WHERE variant_id = ANY(%s::bigint[])
 UNION ALL
SELECT id, version, came_from, encode(sha256(convert_to(body_text || chr(1) || body_html, 'UTF8')), 'hex')
  FROM sequences_variant WHERE id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """A wording that holds a template now, or did when messages were made from it."""

    variant_id: int
    campaign_id: int
    campaign_name: str
    step: str  # "2", or "1.2" for the second of path 1
    label: str
    is_now: bool  # what the wording says now came from it
    is_changed: bool  # and something was written on top of it
    used_at: datetime


def origins_of(variant_ids: Collection[int]) -> dict[int, dict[int, Origin]]:
    """Return the origin of each version of the wordings, by wording and number; what has none is left out."""
    ids = sorted(variant_ids)
    uses: dict[int, dict[str, int]] = {}
    rows = TemplateUse.objects.filter(variant__in=ids).order_by("used_at")  # of two with one text the later counts
    for variant_id, digest, template_id in rows.values_list("variant", "digest", "template"):
        uses.setdefault(variant_id, {})[digest] = template_id
    texts: dict[int, list[Text]] = {}
    if uses:
        wanted = sorted(uses)
        for variant_id, number, came_from, digest in statements.run(_TEXTS, [wanted, wanted]):
            texts.setdefault(variant_id, []).append(Text(number, digest, came_from))
    return {pk: origins(texts[pk], by_digest) for pk, by_digest in uses.items() if pk in texts}


def used_variants(workspace_id: int, template_ids: Collection[int] | None = None) -> list[int]:
    """Return the wordings into which some template of the workspace, or one of these, was put."""
    rows = TemplateUse.objects.filter(template__workspace=workspace_id)
    if template_ids is not None:
        rows = rows.filter(template__in=template_ids)
    return sorted(set(rows.values_list("variant", flat=True)))


def usages_of(template: StepTemplate) -> list[Usage]:
    """Return where a template was put in and has stayed for a version at least, the latest first."""
    found = origins_of(used_variants(template.workspace_id, [template.pk]))
    rows = (
        TemplateUse.objects.filter(template=template)
        .values_list(
            "variant",
            "variant__version",
            "variant__label",
            "variant__step__position",
            "variant__step__campaign",
            "variant__step__campaign__name",
        )
        .annotate(at=Max("used_at"))
        .order_by("-at")
    )
    made = []
    for pk, version, label, position, campaign_id, campaign_name, at in rows:
        versions = found.get(pk, {})
        now = versions.get(version)
        if any(one.template_id == template.pk for one in versions.values()):
            made.append(
                Usage(
                    variant_id=pk,
                    campaign_id=campaign_id,
                    campaign_name=campaign_name,
                    step=step_name(position),
                    label=label,
                    is_now=now is not None and now.template_id == template.pk,
                    is_changed=now is not None and now.is_changed,
                    used_at=at,
                )
            )
    return made


def versions_from(workspace_id: int, template_id: int) -> dict[int, list[int]]:
    """Return the versions that came from a template of the workspace, by wording."""
    found = origins_of(used_variants(workspace_id, [template_id]))
    by_variant = {
        pk: [number for number, one in versions.items() if one.template_id == template_id]
        for pk, versions in found.items()
    }
    return {pk: numbers for pk, numbers in by_variant.items() if numbers}
