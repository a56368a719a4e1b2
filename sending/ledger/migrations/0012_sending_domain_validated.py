from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0011_sending_domain'),
    ]

    operations = [
        ValidateConstraint(model_name='event', name='ledger_known_kind'),
        ValidateConstraint(model_name='dailytally', name='ledger_known_tally_kind'),
    ]
