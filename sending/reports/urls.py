"""Pages over all rooms, under /w/<workspace>/."""

from __future__ import annotations

from django.urls import path

from sending.reports import (
    day_views,
    doubt_views,
    effect_views,
    feedback_views,
    file_views,
    provider_views,
    template_views,
    views,
    wording_views,
)

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("log/", views.log, name="log"),
    path("messages/", views.messages_page, name="messages"),
    path("messages/doubts", doubt_views.doubts_page, name="doubts"),
    path("messages/doubts/chosen", doubt_views.doubts_chosen, name="doubts_chosen"),
    path("messages/file", file_views.messages_file, name="messages_file"),
    path("messages/<int:pk>", views.message_story, name="message"),
    path("campaigns/<int:pk>/results", views.results, name="results"),
    path("campaigns/<int:pk>/results/file", file_views.campaign_file, name="campaign_file"),
    path("campaigns/<int:pk>/wordings", wording_views.wordings, name="wordings"),
    path("campaigns/<int:pk>/wordings/<int:step>/file", wording_views.wordings_file, name="wordings_file"),
    path("campaigns/<int:pk>/effect", effect_views.effect, name="effect"),
    path("campaigns/<int:pk>/day", day_views.day, name="day"),
    path("feedback/", feedback_views.feedback, name="feedback"),
    path("feedback/file", feedback_views.feedback_file, name="feedback_file"),
    path("feedback/reports", provider_views.provider_reports, name="provider_reports"),
    path("feedback/reports/domains", provider_views.provider_file, name="provider_file"),
    path("feedback/reports/addresses", provider_views.address_file, name="address_file"),
    path("mailboxes/<int:pk>/feedback", feedback_views.mailbox_feedback, name="mailbox_feedback"),
    path("library/results", template_views.templates, name="templates"),
    path("library/templates/<int:pk>/results", template_views.template, name="template"),
    path("mailboxes/<int:pk>/day", day_views.mailbox_day, name="mailbox_day"),
]
