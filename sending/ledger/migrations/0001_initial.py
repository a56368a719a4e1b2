import django.db.models.deletion
import sending.ledger.kinds
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=16)),
                ('campaign_id', models.BigIntegerField(default=0)),
                ('mailbox_id', models.BigIntegerField(default=0)),
                ('count', models.PositiveIntegerField(default=0)),
                ('is_fresh', models.BooleanField(default=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'ledger_daily_tally',
                'indexes': [models.Index(condition=models.Q(('is_fresh', False)), fields=['workspace', 'day', 'kind'], name='ledger_tally_of_workspace'), models.Index(condition=models.Q(('is_fresh', False)), fields=['campaign_id', 'kind', 'day'], name='ledger_tally_of_campaign'), models.Index(condition=models.Q(('is_fresh', False)), fields=['mailbox_id', 'kind', 'day'], name='ledger_tally_of_mailbox'), models.Index(condition=models.Q(('is_fresh', True)), fields=['workspace'], name='ledger_fresh')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_fresh', False)), fields=('workspace', 'day', 'kind', 'campaign_id', 'mailbox_id'), name='ledger_one_folded_tally'), models.CheckConstraint(condition=models.Q(('kind__in', [sending.ledger.kinds.EventKind['LAUNCHED'], sending.ledger.kinds.EventKind['PAUSED'], sending.ledger.kinds.EventKind['RESUMED'], sending.ledger.kinds.EventKind['ENDED'], sending.ledger.kinds.EventKind['ARCHIVED'], sending.ledger.kinds.EventKind['GROUND_STATED'], sending.ledger.kinds.EventKind['GROWTH_HELD'], sending.ledger.kinds.EventKind['EDITED'], sending.ledger.kinds.EventKind['ENROLLED'], sending.ledger.kinds.EventKind['HELD'], sending.ledger.kinds.EventKind['RELEASED'], sending.ledger.kinds.EventKind['SKIPPED'], sending.ledger.kinds.EventKind['STOPPED'], sending.ledger.kinds.EventKind['FINISHED'], sending.ledger.kinds.EventKind['BRANCHED'], sending.ledger.kinds.EventKind['ATTEMPTED'], sending.ledger.kinds.EventKind['SENT'], sending.ledger.kinds.EventKind['DEFERRED'], sending.ledger.kinds.EventKind['FAILED'], sending.ledger.kinds.EventKind['IN_DOUBT'], sending.ledger.kinds.EventKind['ASSUMED_SENT'], sending.ledger.kinds.EventKind['CANCELLED'], sending.ledger.kinds.EventKind['SETTLED'], sending.ledger.kinds.EventKind['SENT_AGAIN'], sending.ledger.kinds.EventKind['REPLIED'], sending.ledger.kinds.EventKind['AUTO_REPLIED'], sending.ledger.kinds.EventKind['BOUNCED_HARD'], sending.ledger.kinds.EventKind['BOUNCED_SOFT'], sending.ledger.kinds.EventKind['COMPLAINED'], sending.ledger.kinds.EventKind['OPTED_OUT'], sending.ledger.kinds.EventKind['SUPPRESSED'], sending.ledger.kinds.EventKind['MAILBOX_PAUSED'], sending.ledger.kinds.EventKind['MAILBOX_RESUMED'], sending.ledger.kinds.EventKind['MAILBOX_COOLED'], sending.ledger.kinds.EventKind['TEST_MAIL']])), name='ledger_known_tally_kind')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(max_length=16)),
                ('campaign_id', models.BigIntegerField(null=True)),
                ('contact_id', models.BigIntegerField(null=True)),
                ('enrollment_id', models.BigIntegerField(null=True)),
                ('mailbox_id', models.BigIntegerField(null=True)),
                ('message_id', models.BigIntegerField(null=True)),
                ('data', models.JSONField(default=dict)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'ledger_event',
                'indexes': [models.Index(fields=['workspace', '-at', '-id'], name='ledger_feed'), models.Index(fields=['workspace', 'kind', '-at', '-id'], name='ledger_of_kind'), models.Index(fields=['campaign_id', 'kind', '-at', '-id'], name='ledger_of_campaign'), models.Index(fields=['message_id', 'id'], name='ledger_of_message'), models.Index(fields=['contact_id', '-id'], name='ledger_of_contact'), models.Index(fields=['mailbox_id', '-id'], name='ledger_of_mailbox')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [sending.ledger.kinds.EventKind['LAUNCHED'], sending.ledger.kinds.EventKind['PAUSED'], sending.ledger.kinds.EventKind['RESUMED'], sending.ledger.kinds.EventKind['ENDED'], sending.ledger.kinds.EventKind['ARCHIVED'], sending.ledger.kinds.EventKind['GROUND_STATED'], sending.ledger.kinds.EventKind['GROWTH_HELD'], sending.ledger.kinds.EventKind['EDITED'], sending.ledger.kinds.EventKind['ENROLLED'], sending.ledger.kinds.EventKind['HELD'], sending.ledger.kinds.EventKind['RELEASED'], sending.ledger.kinds.EventKind['SKIPPED'], sending.ledger.kinds.EventKind['STOPPED'], sending.ledger.kinds.EventKind['FINISHED'], sending.ledger.kinds.EventKind['BRANCHED'], sending.ledger.kinds.EventKind['ATTEMPTED'], sending.ledger.kinds.EventKind['SENT'], sending.ledger.kinds.EventKind['DEFERRED'], sending.ledger.kinds.EventKind['FAILED'], sending.ledger.kinds.EventKind['IN_DOUBT'], sending.ledger.kinds.EventKind['ASSUMED_SENT'], sending.ledger.kinds.EventKind['CANCELLED'], sending.ledger.kinds.EventKind['SETTLED'], sending.ledger.kinds.EventKind['SENT_AGAIN'], sending.ledger.kinds.EventKind['REPLIED'], sending.ledger.kinds.EventKind['AUTO_REPLIED'], sending.ledger.kinds.EventKind['BOUNCED_HARD'], sending.ledger.kinds.EventKind['BOUNCED_SOFT'], sending.ledger.kinds.EventKind['COMPLAINED'], sending.ledger.kinds.EventKind['OPTED_OUT'], sending.ledger.kinds.EventKind['SUPPRESSED'], sending.ledger.kinds.EventKind['MAILBOX_PAUSED'], sending.ledger.kinds.EventKind['MAILBOX_RESUMED'], sending.ledger.kinds.EventKind['MAILBOX_COOLED'], sending.ledger.kinds.EventKind['TEST_MAIL']])), name='ledger_known_kind')],
            },
        ),
        migrations.CreateModel(
            name='Stretch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=10)),
                ('mailbox_id', models.BigIntegerField(default=0)),
                ('campaign_id', models.BigIntegerField(default=0)),
                ('code', models.CharField(max_length=20)),
                ('words', models.CharField(max_length=300)),
                ('begun_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'ledger_stretch',
                'indexes': [models.Index(fields=['mailbox_id', 'campaign_id', 'scope', '-id'], name='ledger_last_stretch'), models.Index(fields=['campaign_id', 'until'], name='ledger_stretch_of_campaign')],
                'constraints': [models.CheckConstraint(condition=models.Q(('scope__in', [sending.ledger.kinds.StretchScope['EVERYBODY'], sending.ledger.kinds.StretchScope['FOLLOW_UPS'], sending.ledger.kinds.StretchScope['NEW_LEADS']])), name='ledger_known_scope'), models.CheckConstraint(condition=models.Q(('begun_at__lte', models.F('until'))), name='ledger_stretch_has_a_length')],
            },
        ),
    ]
