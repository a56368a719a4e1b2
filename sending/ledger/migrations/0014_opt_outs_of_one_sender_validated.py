from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0013_opt_outs_of_one_sender'),
    ]

    operations = [
        ValidateConstraint(model_name='dailytally', name='ledger_known_how'),
    ]
