from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0011_refusals_of_one_sender'),
    ]

    operations = [
        ValidateConstraint(model_name='suppression', name='contacts_known_suppression_scope'),
    ]
