"""Name the custom fields that contacts have already: all of them are text so far."""

from django.db import migrations

_NAME_THEM = """
INSERT INTO contacts_custom_field (workspace_id, name, label, kind, created_at)
SELECT DISTINCT c.workspace_id, k.name, '', 'text', now()
  FROM contacts_contact c, jsonb_object_keys(c.fields) AS k(name)
 WHERE c.fields <> '{}'::jsonb AND length(k.name) <= 40
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [("contacts", "0012_history_of_contacts")]

    operations = [migrations.RunSQL(_NAME_THEM, migrations.RunSQL.noop)]
