from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # contacts are written to while it is built

    dependencies = [
        ('contacts', '0007_import_origin'),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name='contact',
            name='contacts_verdict',
        ),
        AddIndexConcurrently(
            model_name='contact',
            index=models.Index(fields=['workspace', 'verdict', 'id'], name='contacts_verdict'),
        ),
    ]
