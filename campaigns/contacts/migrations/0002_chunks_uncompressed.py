"""Store pieces of uploaded files as they are: they are read once and deleted, compressing them only costs time."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE contacts_import_chunk ALTER COLUMN content SET STORAGE EXTERNAL",
            reverse_sql="ALTER TABLE contacts_import_chunk ALTER COLUMN content SET STORAGE EXTENDED",
        )
    ]
