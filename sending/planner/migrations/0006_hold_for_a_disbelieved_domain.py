"""A further reason to hold. The rows that are there are looked at in the next migration, which locks nobody out."""

import sending.pacing.verdicts
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_scopes_of_the_inbox'),
        ('contacts', '0006_weighings_of_interests'),
        ('mailboxes', '0002_hold_for_a_disbelieved_domain'),
        ('planner', '0005_decisions_about_the_law'),
        ('sequences', '0003_followed_clicks'),
    ]

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
            constraint=models.CheckConstraint(condition=models.Q(('code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['AUTHENTICATION'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['NO_CONSENT'], sending.pacing.verdicts.HoldCode['NO_POSTAL_ADDRESS'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']])), name='planner_known_campaign_hold'),
        ),
        AddConstraintNotValid(
            model_name='enrollment',
            constraint=models.CheckConstraint(condition=models.Q(('hold_code', ''), ('hold_code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['AUTHENTICATION'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['NO_CONSENT'], sending.pacing.verdicts.HoldCode['NO_POSTAL_ADDRESS'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']]), _connector='OR'), name='planner_known_hold_code'),
        ),
    ]
