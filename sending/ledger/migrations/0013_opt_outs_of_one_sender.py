"""A further way of opt-outs. The rows that are there are looked at in the next migration, which locks nobody out."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import sending.ledger.kinds


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_sending_domain_validated'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='dailytally',
            name='ledger_known_how',
        ),
        AddConstraintNotValid(
            model_name='dailytally',
            constraint=models.CheckConstraint(condition=models.Q(('how__in', [sending.ledger.kinds.How['PLAIN'], sending.ledger.kinds.How['ONE_CLICK'], sending.ledger.kinds.How['PAGE'], sending.ledger.kinds.How['SENDER'], sending.ledger.kinds.How['MAIL'], sending.ledger.kinds.How['ANSWER'], sending.ledger.kinds.How['MEMBER'], sending.ledger.kinds.How['API'], sending.ledger.kinds.How['RETURNED']])), name='ledger_known_how'),
        ),
    ]
