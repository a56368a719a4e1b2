"""Let the words of an event go when the person is erased whom it is about; everything else stays as refused."""

from django.db import migrations

_NEVER = """
CREATE OR REPLACE FUNCTION ledger_event_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_event: an event is never changed; add another one' USING ERRCODE = 'restrict_violation';
END $$;
"""
_ERASED = """
CREATE OR REPLACE FUNCTION ledger_event_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('outreach.erasing', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'ledger_event: an event is never changed; add another one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_fresh_tallies_in_one_index")]
    operations = [migrations.RunSQL(_ERASED, _NEVER)]
