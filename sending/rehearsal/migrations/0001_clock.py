"""A schema of functions that stand before PostgreSQL's own for rehearsals, and for nobody else."""

from django.db import migrations

_MAKE = """
CREATE SCHEMA rehearsal;
COMMENT ON SCHEMA rehearsal IS 'Read by sessions that rehearse, before pg_catalog: a virtual clock, and no locks.';
CREATE FUNCTION rehearsal.now() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT current_setting('rehearsal.now')::timestamptz $$;
CREATE FUNCTION rehearsal.clock_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT current_setting('rehearsal.now')::timestamptz $$;
CREATE FUNCTION rehearsal.statement_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT current_setting('rehearsal.now')::timestamptz $$;
CREATE FUNCTION rehearsal.transaction_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT current_setting('rehearsal.now')::timestamptz $$;
CREATE FUNCTION rehearsal.pg_advisory_xact_lock(integer, integer) RETURNS void LANGUAGE sql AS $$ $$;
CREATE FUNCTION rehearsal.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS $$ $$;
CREATE FUNCTION rehearsal.pg_advisory_xact_lock_shared(integer, integer) RETURNS void LANGUAGE sql AS $$ $$;
CREATE FUNCTION rehearsal.pg_advisory_xact_lock_shared(bigint) RETURNS void LANGUAGE sql AS $$ $$;
"""


class Migration(migrations.Migration):
    dependencies = []

    operations = [migrations.RunSQL(_MAKE, "DROP SCHEMA rehearsal CASCADE")]
