"""Tell of those who are enrolled who receives their mail, some thousands at a time: nobody waits for the whole table."""

from django.db import connection, migrations

from sending.pacing.receivers import DOMAINS

_AT_ONCE = 20_000
_FILL = """
UPDATE planner_enrollment e SET receiver = d.receiver
  FROM contacts_contact c, unnest(%s::varchar[], %s::varchar[]) AS d(domain, receiver)
 WHERE e.id > %s AND e.id <= %s AND c.id = e.contact_id AND d.domain = c.domain AND e.receiver <> d.receiver
"""


def fill(apps: object, schema_editor: object) -> None:
    domains, receivers = list(DOMAINS), [one.value for one in DOMAINS.values()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM planner_enrollment")
        (last,) = cursor.fetchone()
        for first in range(0, last, _AT_ONCE):
            cursor.execute(_FILL, [domains, receivers, first, first + _AT_ONCE])


class Migration(migrations.Migration):

    atomic = False  # each batch is its own transaction, and a second run finds the rest

    dependencies = [
        ('contacts', '0002_chunks_uncompressed'),
        ('planner', '0009_receiver_of_enrollments'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
