from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0009_company_or_individual'),
    ]

    operations = [
        ValidateConstraint(model_name='contact', name='contacts_known_subscriber'),
    ]
