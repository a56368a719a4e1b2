from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0013_correspondents_of_imports'),
    ]

    operations = [
        ValidateConstraint(model_name='importtrace', name='contacts_known_trace_kind'),
    ]
