"""A further kind of traces. The rows that are there are looked at in the next migration, which locks nobody out."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import campaigns.contacts.states


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0012_refusals_of_one_sender_validated'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='importtrace',
            name='contacts_known_trace_kind',
        ),
        AddConstraintNotValid(
            model_name='importtrace',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [campaigns.contacts.states.TraceKind['KNOWN'], campaigns.contacts.states.TraceKind['LISTED'], campaigns.contacts.states.TraceKind['TAGGED'], campaigns.contacts.states.TraceKind['WROTE']])), name='contacts_known_trace_kind'),
        ),
    ]
