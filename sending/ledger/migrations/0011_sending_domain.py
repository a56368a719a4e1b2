"""A further kind of event. The rows that are there are looked at in the next migration, which locks nobody out."""

import sending.ledger.kinds
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_scopes_of_the_inbox'),
        ('ledger', '0010_decisions_about_the_law_validated'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='dailytally',
            name='ledger_known_tally_kind',
        ),
        migrations.RemoveConstraint(
            model_name='event',
            name='ledger_known_kind',
        ),
        AddConstraintNotValid(
            model_name='dailytally',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [sending.ledger.kinds.EventKind['LAUNCHED'], sending.ledger.kinds.EventKind['PAUSED'], sending.ledger.kinds.EventKind['RESUMED'], sending.ledger.kinds.EventKind['ENDED'], sending.ledger.kinds.EventKind['ARCHIVED'], sending.ledger.kinds.EventKind['GROUND_STATED'], sending.ledger.kinds.EventKind['LAW_OVERRIDDEN'], sending.ledger.kinds.EventKind['GROWTH_HELD'], sending.ledger.kinds.EventKind['EDITED'], sending.ledger.kinds.EventKind['ENROLLED'], sending.ledger.kinds.EventKind['HELD'], sending.ledger.kinds.EventKind['RELEASED'], sending.ledger.kinds.EventKind['SKIPPED'], sending.ledger.kinds.EventKind['STOPPED'], sending.ledger.kinds.EventKind['FINISHED'], sending.ledger.kinds.EventKind['BRANCHED'], sending.ledger.kinds.EventKind['ATTEMPTED'], sending.ledger.kinds.EventKind['SENT'], sending.ledger.kinds.EventKind['DEFERRED'], sending.ledger.kinds.EventKind['FAILED'], sending.ledger.kinds.EventKind['IN_DOUBT'], sending.ledger.kinds.EventKind['ASSUMED_SENT'], sending.ledger.kinds.EventKind['CANCELLED'], sending.ledger.kinds.EventKind['SETTLED'], sending.ledger.kinds.EventKind['SENT_AGAIN'], sending.ledger.kinds.EventKind['REPLIED'], sending.ledger.kinds.EventKind['AUTO_REPLIED'], sending.ledger.kinds.EventKind['BOUNCED_HARD'], sending.ledger.kinds.EventKind['BOUNCED_SOFT'], sending.ledger.kinds.EventKind['COMPLAINED'], sending.ledger.kinds.EventKind['CLICKED'], sending.ledger.kinds.EventKind['CLICK_MACHINE'], sending.ledger.kinds.EventKind['CLICK_UNKNOWN'], sending.ledger.kinds.EventKind['OPENED'], sending.ledger.kinds.EventKind['OPEN_MACHINE'], sending.ledger.kinds.EventKind['OPEN_UNKNOWN'], sending.ledger.kinds.EventKind['OPTED_OUT'], sending.ledger.kinds.EventKind['SUPPRESSED'], sending.ledger.kinds.EventKind['MAILBOX_PAUSED'], sending.ledger.kinds.EventKind['MAILBOX_RESUMED'], sending.ledger.kinds.EventKind['GUARD_RELEASED'], sending.ledger.kinds.EventKind['MAILBOX_COOLED'], sending.ledger.kinds.EventKind['TEST_MAIL'], sending.ledger.kinds.EventKind['SENDING_DOMAIN'], sending.ledger.kinds.EventKind['TRACKING_DOMAIN']])), name='ledger_known_tally_kind'),
        ),
        AddConstraintNotValid(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [sending.ledger.kinds.EventKind['LAUNCHED'], sending.ledger.kinds.EventKind['PAUSED'], sending.ledger.kinds.EventKind['RESUMED'], sending.ledger.kinds.EventKind['ENDED'], sending.ledger.kinds.EventKind['ARCHIVED'], sending.ledger.kinds.EventKind['GROUND_STATED'], sending.ledger.kinds.EventKind['LAW_OVERRIDDEN'], sending.ledger.kinds.EventKind['GROWTH_HELD'], sending.ledger.kinds.EventKind['EDITED'], sending.ledger.kinds.EventKind['ENROLLED'], sending.ledger.kinds.EventKind['HELD'], sending.ledger.kinds.EventKind['RELEASED'], sending.ledger.kinds.EventKind['SKIPPED'], sending.ledger.kinds.EventKind['STOPPED'], sending.ledger.kinds.EventKind['FINISHED'], sending.ledger.kinds.EventKind['BRANCHED'], sending.ledger.kinds.EventKind['ATTEMPTED'], sending.ledger.kinds.EventKind['SENT'], sending.ledger.kinds.EventKind['DEFERRED'], sending.ledger.kinds.EventKind['FAILED'], sending.ledger.kinds.EventKind['IN_DOUBT'], sending.ledger.kinds.EventKind['ASSUMED_SENT'], sending.ledger.kinds.EventKind['CANCELLED'], sending.ledger.kinds.EventKind['SETTLED'], sending.ledger.kinds.EventKind['SENT_AGAIN'], sending.ledger.kinds.EventKind['REPLIED'], sending.ledger.kinds.EventKind['AUTO_REPLIED'], sending.ledger.kinds.EventKind['BOUNCED_HARD'], sending.ledger.kinds.EventKind['BOUNCED_SOFT'], sending.ledger.kinds.EventKind['COMPLAINED'], sending.ledger.kinds.EventKind['CLICKED'], sending.ledger.kinds.EventKind['CLICK_MACHINE'], sending.ledger.kinds.EventKind['CLICK_UNKNOWN'], sending.ledger.kinds.EventKind['OPENED'], sending.ledger.kinds.EventKind['OPEN_MACHINE'], sending.ledger.kinds.EventKind['OPEN_UNKNOWN'], sending.ledger.kinds.EventKind['OPTED_OUT'], sending.ledger.kinds.EventKind['SUPPRESSED'], sending.ledger.kinds.EventKind['MAILBOX_PAUSED'], sending.ledger.kinds.EventKind['MAILBOX_RESUMED'], sending.ledger.kinds.EventKind['GUARD_RELEASED'], sending.ledger.kinds.EventKind['MAILBOX_COOLED'], sending.ledger.kinds.EventKind['TEST_MAIL'], sending.ledger.kinds.EventKind['SENDING_DOMAIN'], sending.ledger.kinds.EventKind['TRACKING_DOMAIN']])), name='ledger_known_kind'),
        ),
    ]
