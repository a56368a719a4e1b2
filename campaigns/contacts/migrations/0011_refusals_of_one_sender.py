"""A further scope of suppressions. The rows that are there are looked at in the next migration, which locks nobody out."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import campaigns.contacts.states


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0010_company_or_individual_validated'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='suppression',
            name='contacts_known_suppression_scope',
        ),
        AddConstraintNotValid(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', [campaigns.contacts.states.SuppressionScope['ADDRESS'], campaigns.contacts.states.SuppressionScope['DOMAIN'], campaigns.contacts.states.SuppressionScope['WILDCARD'], campaigns.contacts.states.SuppressionScope['ERASED'], campaigns.contacts.states.SuppressionScope['SENDER']])), name='contacts_known_suppression_scope'),
        ),
    ]
