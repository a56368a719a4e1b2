import sending.planner.states
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # claims go on while it is built

    dependencies = [
        ('planner', '0017_tags'),
    ]

    operations = [
        # What a build that was broken off, or an earlier form of 0014, has left.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS planner_to_be_led', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='enrollment',
            index=models.Index(condition=models.Q(('led_to__isnull', False), ('state', sending.planner.states.EnrollmentState['STOPPED'])), fields=['id'], name='planner_to_be_led'),
        ),
    ]
