"""Campaign pages that need both floors, under /w/<workspace>/campaigns/."""

from __future__ import annotations

from django.urls import path

from sending.planner import ground_views, list_views, senders_views, views
from sending.planner.audience import gap_views, health_views
from sending.planner.explain import views as why_views
from sending.planner.forecast import views as forecast_views
from sending.planner.paths import branch_views
from sending.planner.paths import views as path_views
from sending.planner.preview import views as preview_views

app_name = "planner"
urlpatterns = [
    path("", list_views.campaign_list, name="list"),
    path("<int:pk>/paths", path_views.paths, name="paths"),
    path("paths/<int:pk>/name", path_views.path_name, name="path_name"),
    path("paths/<int:pk>/removal", path_views.path_removal, name="path_removal"),
    path("steps/<int:pk>/branches", branch_views.branch_add, name="branch_add"),
    path("branches/<int:pk>/place", branch_views.branch_place, name="branch_place"),
    path("branches/<int:pk>", branch_views.branch_change, name="branch_change"),
    path("branches/<int:pk>/removal", branch_views.branch_removal, name="branch_removal"),
    path("<int:pk>/senders", senders_views.senders, name="senders"),
    path("<int:pk>/senders/shares", senders_views.shares, name="shares"),
    path("<int:pk>/preview", preview_views.preview_page, name="preview"),
    path("variants/<int:pk>/html", preview_views.preview_html, name="preview_html"),
    path("variants/<int:pk>/mail", preview_views.preview_mail, name="preview_mail"),
    path("<int:pk>/gaps", gap_views.gaps, name="gaps"),
    path("<int:pk>/gaps/gate", gap_views.gaps_gate, name="gaps_gate"),
    path("<int:pk>/fallback", gap_views.fallback, name="fallback"),
    path("<int:pk>/review", views.review, name="review"),
    path("<int:pk>/ground", ground_views.ground, name="ground"),
    path("<int:pk>/decision", ground_views.decision, name="decision"),
    path("<int:pk>/launch", views.launch, name="launch"),
    path("<int:pk>/pause", views.pause, name="pause"),
    path("<int:pk>/resumption", views.resume, name="resume"),
    path("<int:pk>/stop", views.stop, name="stop"),
    path("<int:pk>/archival", views.archival, name="archival"),
    path("<int:pk>/forecast", forecast_views.forecast, name="forecast"),
    path("<int:pk>/forecast/summary", forecast_views.forecast_summary, name="forecast_summary"),
    path("<int:pk>/forecast/sends", forecast_views.next_sends, name="next_sends"),
    path("<int:pk>/people", views.people, name="people"),
    path("<int:pk>/health", health_views.campaign_health, name="campaign_health"),
    path("lists/<int:list_id>/health", health_views.list_health, name="list_health"),
    path("law", ground_views.law_by_country, name="law"),
    path("throttles", views.throttles, name="throttles"),
    path("mailboxes/<int:pk>/book", views.book, name="book"),
    path("mailboxes/<int:pk>/warmth", senders_views.warmth, name="warmth"),
    path("people/<int:pk>/why", why_views.why, name="why"),
    path("people/<int:pk>/prospect", why_views.prospect, name="prospect"),
    path("people/<int:pk>/onward", views.onward, name="onward"),
    path("people/<int:pk>/release", views.release, name="release"),
    path("people/<int:pk>/removal", views.removal, name="removal"),
]
