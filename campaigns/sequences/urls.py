"""Pages of the campaign editor, under /w/<workspace>/campaigns/."""

from __future__ import annotations

from django.urls import path

from campaigns.sequences.views import (
    audience,
    campaigns,
    files,
    language,
    restoring,
    schedules,
    steps,
    variants,
    versions,
)

app_name = "sequences"
urlpatterns = [
    path("new", campaigns.campaign_create, name="create"),
    path("file", files.campaign_from_file, name="from_file"),
    path("<int:pk>/file", files.campaign_file, name="file"),
    path("language", language.language, name="language"),
    path("closed-days", schedules.closed_days, name="closed_days"),
    path("<int:pk>/name", campaigns.campaign_rename, name="rename"),
    path("<int:pk>/sequence", steps.sequence, name="sequence"),
    path("<int:pk>/steps", steps.step_add, name="step_add"),
    path("<int:pk>/audience", audience.audience, name="audience"),
    path("<int:pk>/roles", audience.roles, name="roles"),
    path("<int:pk>/growth", audience.growth, name="growth"),
    path("<int:pk>/schedule", schedules.schedule, name="schedule"),
    path("steps/<int:pk>", steps.step_save, name="step_save"),
    path("steps/<int:pk>/kept", steps.step_keep, name="step_keep"),
    path("steps/<int:pk>/place", steps.step_place, name="step_place"),
    path("steps/<int:pk>/copy", steps.step_copy, name="step_copy"),
    path("steps/<int:pk>/removal", steps.step_removal, name="step_removal"),
    path("steps/<int:pk>/variants", variants.variant_add, name="variant_add"),
    path("variants/<int:pk>", variants.variant_save, name="variant_save"),
    path("removed/<int:pk>", steps.removed_back, name="removed_back"),
    path("variants/<int:pk>/kept", versions.variant_keep, name="variant_keep"),
    path("variants/<int:pk>/versions", versions.variant_versions, name="variant_versions"),
    path("variants/<int:pk>/restored", restoring.variant_restore, name="variant_restore"),
    path("variants/<int:pk>/copy", variants.variant_copy, name="variant_copy"),
    path("variants/<int:pk>/removal", variants.variant_removal, name="variant_removal"),
]
