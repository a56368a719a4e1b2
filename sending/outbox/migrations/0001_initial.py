import django.db.models.deletion
import django.db.models.functions.datetime
import sending.outbox.states
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('contacts', '0001_initial'),
        ('mailboxes', '0001_initial'),
        ('planner', '0001_initial'),
        ('sequences', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='OutboundMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wording_version', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('message_id', models.CharField(max_length=255)),
                ('in_reply_to', models.CharField(blank=True, max_length=255)),
                ('references', models.TextField(blank=True)),
                ('recipient', models.CharField(max_length=320)),
                ('subject', models.CharField(blank=True, max_length=998)),
                ('body_text', models.TextField(blank=True)),
                ('body_html', models.TextField(blank=True)),
                ('state', models.CharField(default=sending.outbox.states.MessageState['CLAIMED'], max_length=12)),
                ('attempt', models.UUIDField()),
                ('attempt_number', models.PositiveSmallIntegerField(default=1)),
                ('refusals', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('not_after', models.DateTimeField()),
                ('retry_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('reply_code', models.PositiveSmallIntegerField(null=True)),
                ('reply_enhanced', models.CharField(blank=True, max_length=12)),
                ('reply_text', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('dot_at', models.DateTimeField(null=True)),
                ('again_at', models.DateTimeField(null=True)),
                ('despite_until', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('campaign', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='sequences.campaign')),
                ('contact', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='contacts.contact')),
                ('enrollment', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='planner.enrollment')),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='mailboxes.mailbox')),
                ('step', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='sequences.step')),
                ('variant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='sequences.variant')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'outbox_message',
                'indexes': [models.Index(condition=models.Q(('state__in', [sending.outbox.states.MessageState['CLAIMED'], sending.outbox.states.MessageState['DOT_PENDING']])), fields=['lease_until'], name='outbox_in_hand'), models.Index(condition=models.Q(('state', sending.outbox.states.MessageState['DEFERRED'])), fields=['mailbox', 'retry_at'], name='outbox_retry'), models.Index(condition=models.Q(('campaign__isnull', True), ('state', sending.outbox.states.MessageState['DEFERRED'])), fields=['mailbox', 'retry_at'], name='outbox_answers_due'), models.Index(condition=models.Q(('state', sending.outbox.states.MessageState['IN_DOUBT'])), fields=['workspace', 'dot_at'], name='outbox_in_doubt'), models.Index(condition=models.Q(('state__in', (sending.outbox.states.MessageState['IN_DOUBT'], sending.outbox.states.MessageState['ASSUMED_SENT']))), fields=['workspace', '-dot_at', '-id'], name='outbox_doubts'), models.Index(condition=models.Q(('state__in', (sending.outbox.states.MessageState['IN_DOUBT'], sending.outbox.states.MessageState['ASSUMED_SENT'])), ('again_at__isnull', False), _connector='OR'), fields=['mailbox', 'dot_at'], name='outbox_doubts_of_mailbox'), models.Index(fields=['workspace', '-id'], name='outbox_newest'), models.Index(fields=['campaign', 'state', '-id'], name='outbox_of_campaign'), models.Index(fields=['contact', '-id'], name='outbox_of_contact'), models.Index(fields=['mailbox', '-id'], name='outbox_of_mailbox')],
                'constraints': [models.UniqueConstraint(fields=('enrollment', 'step'), name='outbox_one_message_per_enrollment_step'), models.UniqueConstraint(fields=('message_id',), name='outbox_message_id_once'), models.CheckConstraint(condition=models.Q(('state__in', [sending.outbox.states.MessageState['CLAIMED'], sending.outbox.states.MessageState['DOT_PENDING'], sending.outbox.states.MessageState['SENT'], sending.outbox.states.MessageState['DEFERRED'], sending.outbox.states.MessageState['FAILED'], sending.outbox.states.MessageState['IN_DOUBT'], sending.outbox.states.MessageState['ASSUMED_SENT'], sending.outbox.states.MessageState['CANCELLED']])), name='outbox_known_state'), models.CheckConstraint(condition=models.Q(models.Q(('campaign', None), ('enrollment', None), ('step', None), ('variant', None)), models.Q(('campaign__isnull', False), ('despite_until', None), ('enrollment__isnull', False), ('step__isnull', False), ('variant__isnull', False)), _connector='OR'), name='outbox_step_or_answer'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', sending.outbox.states.MessageState['SENT'])), models.Q(models.Q(('state', sending.outbox.states.MessageState['SENT']), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='outbox_sent_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', [sending.outbox.states.MessageState['DOT_PENDING'], sending.outbox.states.MessageState['SENT'], sending.outbox.states.MessageState['IN_DOUBT'], sending.outbox.states.MessageState['ASSUMED_SENT']]), _negated=True), ('dot_at__isnull', False), _connector='OR'), name='outbox_dot_before_outcome'), models.CheckConstraint(condition=models.Q(('again_at__isnull', True), ('dot_at__isnull', False), _connector='OR'), name='outbox_again_after_dot'), models.CheckConstraint(condition=models.Q(models.Q(('retry_at__isnull', False), ('state', sending.outbox.states.MessageState['DEFERRED'])), models.Q(models.Q(('state', sending.outbox.states.MessageState['DEFERRED']), _negated=True), ('retry_at__isnull', True)), _connector='OR'), name='outbox_deferred_has_retry'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state__in', [sending.outbox.states.MessageState['CLAIMED'], sending.outbox.states.MessageState['DOT_PENDING']])), models.Q(models.Q(('state__in', [sending.outbox.states.MessageState['CLAIMED'], sending.outbox.states.MessageState['DOT_PENDING']]), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='outbox_lease_while_in_hand')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('outcome', models.CharField(max_length=12)),
                ('phase', models.CharField(blank=True, max_length=10)),
                ('reply_code', models.PositiveSmallIntegerField(null=True)),
                ('reply_enhanced', models.CharField(blank=True, max_length=12)),
                ('reply_text', models.TextField(blank=True)),
                ('category', models.CharField(blank=True, max_length=20)),
                ('transcript', models.JSONField(default=list)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('message', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='outbox.outboundmessage')),
            ],
            options={
                'db_table': 'outbox_attempt',
                'indexes': [models.Index(fields=['message', 'number'], name='outbox_attempts_in_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', [sending.outbox.states.AttemptOutcome['ACCEPTED'], sending.outbox.states.AttemptOutcome['DEFERRED'], sending.outbox.states.AttemptOutcome['REFUSED'], sending.outbox.states.AttemptOutcome['UNREACHABLE'], sending.outbox.states.AttemptOutcome['IN_DOUBT'], sending.outbox.states.AttemptOutcome['WITHDRAWN'], sending.outbox.states.AttemptOutcome['LOST']])), name='outbox_known_outcome')],
            },
        ),
    ]
