from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # each look at a whole table is a transaction of its own, while everybody reads and writes

    dependencies = [
        ('outbox', '0006_answers_of_people'),
    ]

    operations = [
        ValidateConstraint(model_name='outboundmessage', name='outbox_step_or_answer'),
        AddIndexConcurrently(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('campaign__isnull', True), ('state', 'deferred')), fields=['mailbox', 'retry_at'], name='outbox_answers_due'),
        ),
    ]
