"""Addresses of the pages about contacts, lists, imports and suppressions, below /w/<workspace>/contacts/."""

from __future__ import annotations

from django.urls import path

from campaigns.contacts.views import bulk, checks, fields, imports, lists, notes, people, person, segments, suppressions

app_name = "contacts"
urlpatterns = [
    path("", people.people, name="list"),
    path("new", people.create, name="create"),
    path("export.csv", people.export, name="export"),
    path("selected", bulk.selected, name="selected"),
    path("bulk/<int:bulk_id>", bulk.bulk, name="bulk"),
    path("<int:contact_id>", person.detail, name="detail"),
    path("<int:contact_id>/edit", people.edit, name="edit"),
    path("<int:contact_id>/delete", people.delete, name="delete"),
    path("<int:contact_id>/notes", notes.add, name="note_add"),
    path("notes/<int:note_id>", notes.edit, name="note_edit"),
    path("notes/<int:note_id>/removal", notes.remove, name="note_removal"),
    path("lists", lists.lists, name="lists"),
    path("lists/new", lists.list_create, name="list_create"),
    path("lists/<int:list_id>", lists.list_detail, name="list_detail"),
    path("lists/<int:list_id>/name", lists.list_rename, name="list_rename"),
    path("lists/<int:list_id>/delete", lists.list_delete, name="list_delete"),
    path("lists/<int:list_id>/check", checks.begin, name="list_check"),
    path("checks/<int:check_id>", checks.progress, name="check_progress"),
    path("checks/<int:check_id>/cancellation", checks.cancel, name="check_cancel"),
    path("fields", fields.fields, name="fields"),
    path("fields/<int:field_id>", fields.field_edit, name="field_edit"),
    path("fields/<int:field_id>/delete", fields.field_delete, name="field_delete"),
    path("segments", segments.segments, name="segments"),
    path("segments/new", segments.build, name="segment_new"),
    path("segments/<int:segment_id>", segments.change, name="segment_edit"),
    path("segments/<int:segment_id>/delete", segments.delete, name="segment_delete"),
    path("import", imports.upload, name="import"),
    path("imports", imports.history, name="import_history"),
    path("imports/<int:import_id>", imports.progress, name="import_progress"),
    path("imports/<int:import_id>/columns", imports.columns, name="import_map"),
    path("imports/<int:import_id>/reading", imports.reading, name="import_reading"),
    path("imports/<int:import_id>/cancel", imports.cancel, name="import_cancel"),
    path("imports/<int:import_id>/result", imports.result, name="import_result"),
    path("imports/<int:import_id>/rejected.csv", imports.rejected_file, name="import_rejected"),
    path("suppressions", suppressions.suppressions, name="suppressions"),
    path("suppressions/new", suppressions.suppression_add, name="suppression_add"),
    path("suppressions/file", suppressions.suppression_file, name="suppression_file"),
    path("suppressions/export.csv", suppressions.suppression_export, name="suppression_export"),
    path("suppressions/lifted", suppressions.suppressions_lifted, name="suppressions_lifted"),
    path("suppressions/<int:suppression_id>/lift", suppressions.suppression_lift, name="suppression_lift"),
]
