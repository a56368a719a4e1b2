"""Pages of the campaign editor, under /w/<workspace>/campaigns/."""

from __future__ import annotations

from django.urls import path

from campaigns.sequences import views

app_name = "sequences"
urlpatterns = [
    path("new", views.campaign_create, name="create"),
    path("closed-days", views.closed_days, name="closed_days"),
    path("<int:pk>/name", views.campaign_rename, name="rename"),
    path("<int:pk>/sequence", views.sequence, name="sequence"),
    path("<int:pk>/steps", views.step_add, name="step_add"),
    path("<int:pk>/audience", views.audience, name="audience"),
    path("<int:pk>/roles", views.roles, name="roles"),
    path("<int:pk>/growth", views.growth, name="growth"),
    path("<int:pk>/schedule", views.schedule, name="schedule"),
    path("steps/<int:pk>", views.step_save, name="step_save"),
    path("steps/<int:pk>/place", views.step_place, name="step_place"),
    path("steps/<int:pk>/removal", views.step_removal, name="step_removal"),
    path("steps/<int:pk>/variants", views.variant_add, name="variant_add"),
    path("variants/<int:pk>", views.variant_save, name="variant_save"),
    path("variants/<int:pk>/removal", views.variant_removal, name="variant_removal"),
]
