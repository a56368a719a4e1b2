from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False  # each look at a whole table is a transaction of its own, while everybody reads and writes

    dependencies = [
        ('ledger', '0014_edited_ways'),
    ]

    operations = [
        ValidateConstraint(model_name='dailytally', name='ledger_known_tally_kind'),
        ValidateConstraint(model_name='event', name='ledger_known_kind'),
    ]
