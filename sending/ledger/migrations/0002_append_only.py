"""Refuse in the database itself that an event is changed, but for the words of a person who is erased.

Rows may be deleted: with their workspace, by retention.
"""

from django.db import migrations

_FORBID = """
CREATE FUNCTION ledger_event_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('outreach.erasing', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'ledger_event: an event is never changed; add another one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_event_never_changes BEFORE UPDATE ON ledger_event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_event_never_changes();
"""
_ALLOW = """
DROP TRIGGER ledger_event_never_changes ON ledger_event;
DROP FUNCTION ledger_event_never_changes();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(_FORBID, _ALLOW)]
