"""Pages of the library, under /w/<workspace>/library/."""

from __future__ import annotations

from django.urls import path

from campaigns.library.views import putting, snippets, templates

app_name = "library"
urlpatterns = [
    path("", templates.templates, name="templates"),
    path("templates/new", templates.template_new, name="template_new"),
    path("templates/<int:pk>", templates.template, name="template"),
    path("templates/<int:pk>/removal", templates.template_removal, name="template_removal"),
    path("for/<int:pk>", putting.choice, name="choice"),
    path("for/<int:pk>/<int:template_id>", putting.put, name="put"),
    path("from/<int:pk>", putting.keep, name="keep"),
    path("at-hand", snippets.at_hand, name="at_hand"),
    path("snippets", snippets.snippets, name="snippets"),
    path("snippets/new", snippets.snippet_new, name="snippet_new"),
    path("snippets/<int:pk>", snippets.snippet, name="snippet"),
    path("snippets/<int:pk>/removal", snippets.snippet_removal, name="snippet_removal"),
]
