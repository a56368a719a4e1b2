from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False  # each look at a whole table is a transaction of its own, while everybody reads and writes

    dependencies = [
        ('planner', '0024_made_already'),
    ]

    operations = [
        ValidateConstraint(model_name='enrollment', name='planner_known_hold_code'),
        ValidateConstraint(model_name='campaignhold', name='planner_known_campaign_hold'),
    ]
