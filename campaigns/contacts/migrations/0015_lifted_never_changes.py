"""Refuse in the database itself that what was lifted is changed, but for taking a person's name out of it."""

from django.db import migrations

_FORBID = """
CREATE FUNCTION contacts_lifted_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('outreach.erasing', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'contacts_suppression_lifted: what was lifted is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_lifted_never_changes BEFORE UPDATE ON contacts_suppression_lifted
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_lifted_never_changes();
"""
_ALLOW = """
DROP TRIGGER contacts_lifted_never_changes ON contacts_suppression_lifted;
DROP FUNCTION contacts_lifted_never_changes();
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0014_wildcards_and_what_was_lifted")]
    operations = [migrations.RunSQL(_FORBID, _ALLOW)]
