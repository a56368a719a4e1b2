"""Pages of the inbox, under /w/<workspace>/inbox/."""

from __future__ import annotations

from django.urls import path

from sending.inbox import deciding_views, reading_views, views
from sending.inbox.threads import acts
from sending.inbox.threads import phrase_views as phrases
from sending.inbox.threads import views as threads
from sending.inbox.unknowns import views as unknowns

app_name = "inbox"
urlpatterns = [
    path("", threads.thread_list, name="list"),
    path("threads/<int:pk>", threads.thread_detail, name="thread"),
    path("threads/<int:pk>/reading", acts.thread_read, name="thread_read"),
    path("threads/<int:pk>/done", acts.thread_done, name="thread_done"),
    path("threads/<int:pk>/open", acts.thread_open, name="thread_open"),
    path("threads/<int:pk>/assignee", acts.thread_assignee, name="thread_assignee"),
    path("threads/<int:pk>/snooze", acts.thread_snooze, name="thread_snooze"),
    path("threads/<int:pk>/label", acts.thread_label, name="thread_label"),
    path("threads/<int:pk>/note", acts.thread_note, name="thread_note"),
    path("threads/<int:pk>/company", acts.thread_company, name="thread_company"),
    path("threads/<int:pk>/answer", acts.thread_answer, name="thread_answer"),
    path("threads/<int:pk>/draft", acts.thread_draft, name="thread_draft"),
    path("threads/<int:pk>/phrases", phrases.thread_phrases, name="thread_phrases"),
    path("threads/<int:pk>/phrase", phrases.thread_phrase, name="thread_phrase"),
    path("threads/<int:pk>/call-back", acts.thread_call_back, name="thread_call_back"),
    path("mails", views.inbound_list, name="mails"),
    path("aside", reading_views.set_aside, name="set_aside"),
    path("aside/<int:pk>/again", reading_views.set_aside_again, name="set_aside_again"),
    path("mailboxes/<int:pk>", reading_views.reading, name="reading"),
    path("mailboxes/<int:pk>/now", reading_views.reading_now, name="reading_now"),
    path("mailboxes/<int:pk>/back-fill", reading_views.back_fill, name="back_fill"),
    path("unknown", unknowns.unknowns, name="unknowns"),
    path("unknown/rules", unknowns.rule_add, name="rule_add"),
    path("unknown/rules/<int:pk>/end", unknowns.rule_end, name="rule_end"),
    path("<int:pk>", views.inbound_detail, name="detail"),
    path("<int:pk>/suggestion", deciding_views.suggestion, name="suggestion"),
    path("<int:pk>/company", deciding_views.company, name="company"),
    path("<int:pk>/attachments/<int:number>", deciding_views.attached, name="attached"),
    path("<int:pk>/layout", views.inbound_layout, name="layout"),
    path("<int:pk>/label", views.inbound_label, name="label"),
]
