from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('planner', '0006_hold_for_a_disbelieved_domain'),
    ]

    operations = [
        ValidateConstraint(model_name='campaignhold', name='planner_known_campaign_hold'),
        ValidateConstraint(model_name='enrollment', name='planner_known_hold_code'),
    ]
