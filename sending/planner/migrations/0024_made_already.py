import sending.pacing.verdicts
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('planner', '0023_limits_looked_at'),
    ]

    # The rows that stand there are looked at in 0025, when nobody is locked out.
    operations = [
        migrations.RemoveConstraint(
            model_name='campaignhold',
            name='planner_known_campaign_hold',
        ),
        migrations.RemoveConstraint(
            model_name='enrollment',
            name='planner_known_hold_code',
        ),
        AddConstraintNotValid(
            model_name='campaignhold',
            constraint=models.CheckConstraint(condition=models.Q(('code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']])), name='planner_known_campaign_hold'),
        ),
        AddConstraintNotValid(
            model_name='enrollment',
            constraint=models.CheckConstraint(condition=models.Q(('hold_code', ''), ('hold_code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']]), _connector='OR'), name='planner_known_hold_code'),
        ),
    ]
