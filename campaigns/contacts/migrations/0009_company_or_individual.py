"""Whether a contact is a company or an individual. The rows that are there are looked at in the next migration."""

import campaigns.contacts.states
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_scope_of_launches'),
        ('contacts', '0008_days_and_pages_of_grounds'),
    ]

    operations = [
        migrations.AddField(
            model_name='contact',
            name='subscriber_kind',
            field=models.CharField(blank=True, db_default='', default='', max_length=12),
        ),
        AddConstraintNotValid(
            model_name='contact',
            constraint=models.CheckConstraint(condition=models.Q(('subscriber_kind__in', [campaigns.contacts.states.Subscribers['UNSTATED'], campaigns.contacts.states.Subscribers['COMPANIES'], campaigns.contacts.states.Subscribers['INDIVIDUALS']])), name='contacts_known_subscriber'),
        ),
    ]
