from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False  # each look at a whole table is a transaction of its own, while everybody reads and writes

    dependencies = [
        ('contacts', '0027_what_was_met_at_domains'),
    ]

    operations = [
        ValidateConstraint(model_name='contact', name='contacts_known_verdict'),
    ]
