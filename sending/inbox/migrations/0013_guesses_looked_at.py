from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False  # each look at a whole table is a transaction of its own, while everybody reads and writes

    dependencies = [
        ('inbox', '0012_guesses_and_corrections'),
    ]

    operations = [
        ValidateConstraint(model_name='inboundmessage', name='inbox_known_label'),
        ValidateConstraint(model_name='inboundmessage', name='inbox_known_guess'),
    ]
