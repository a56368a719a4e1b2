import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import sending.imap.account
import sending.mailboxes.states
import sending.pacing.health
import sending.smtp.server
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Mailbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254)),
                ('display_name', models.CharField(blank=True, max_length=120)),
                ('reply_to', models.EmailField(blank=True, max_length=254)),
                ('signature', models.TextField(blank=True)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None)),
                ('sign_in', models.CharField(default=sending.mailboxes.states.SignInKind['PASSWORD'], max_length=9)),
                ('smtp_host', models.CharField(max_length=255)),
                ('smtp_port', models.PositiveIntegerField(default=587)),
                ('smtp_security', models.CharField(default=sending.smtp.server.Security['STARTTLS'], max_length=8)),
                ('smtp_username', models.CharField(max_length=254)),
                ('reading', models.CharField(default=sending.imap.account.Protocol['IMAP'], max_length=4)),
                ('imap_host', models.CharField(max_length=255)),
                ('imap_port', models.PositiveIntegerField(default=993)),
                ('imap_security', models.CharField(default=sending.smtp.server.Security['TLS'], max_length=8)),
                ('imap_username', models.CharField(max_length=254)),
                ('ca_pem', models.TextField(blank=True)),
                ('state', models.CharField(default=sending.mailboxes.states.MailboxState['UNTESTED'], max_length=13)),
                ('state_reason', models.CharField(blank=True, max_length=500)),
                ('state_changed_at', models.DateTimeField(auto_now_add=True)),
                ('daily_limit', models.PositiveIntegerField(default=30)),
                ('hourly_limit', models.PositiveIntegerField(default=8)),
                ('gap_min_s', models.PositiveIntegerField(default=360)),
                ('gap_max_s', models.PositiveIntegerField(default=720)),
                ('ramp_on', models.BooleanField(default=True)),
                ('ramp_start', models.PositiveIntegerField(default=5)),
                ('ramp_step', models.PositiveIntegerField(default=2)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'mailboxes_mailbox',
                'constraints': [models.UniqueConstraint(models.F('workspace'), django.db.models.functions.text.Lower('address'), name='mailboxes_one_per_address'), models.CheckConstraint(condition=models.Q(('state__in', [sending.mailboxes.states.MailboxState['UNTESTED'], sending.mailboxes.states.MailboxState['ACTIVE'], sending.mailboxes.states.MailboxState['PAUSED'], sending.mailboxes.states.MailboxState['NEEDS_SIGN_IN'], sending.mailboxes.states.MailboxState['BLOCKED']])), name='mailboxes_known_state'), models.CheckConstraint(condition=models.Q(('sign_in__in', [sending.mailboxes.states.SignInKind['PASSWORD'], sending.mailboxes.states.SignInKind['GOOGLE'], sending.mailboxes.states.SignInKind['MICROSOFT']])), name='mailboxes_known_sign_in'), models.CheckConstraint(condition=models.Q(('reading__in', [sending.imap.account.Protocol['IMAP'], sending.imap.account.Protocol['POP3']])), name='mailboxes_known_reading'), models.CheckConstraint(condition=models.Q(('imap_security__in', [sending.smtp.server.Security['TLS'], sending.smtp.server.Security['STARTTLS'], sending.smtp.server.Security['PLAIN']]), ('smtp_security__in', [sending.smtp.server.Security['TLS'], sending.smtp.server.Security['STARTTLS'], sending.smtp.server.Security['PLAIN']])), name='mailboxes_known_security'), models.CheckConstraint(condition=models.Q(('gap_min_s__lte', models.F('gap_max_s'))), name='mailboxes_gap_in_order'), models.CheckConstraint(condition=models.Q(('imap_port__range', (1, 65535)), ('smtp_port__range', (1, 65535))), name='mailboxes_possible_port'), models.CheckConstraint(condition=models.Q(('daily_limit__gte', 1), ('hourly_limit__gte', 1), ('ramp_start__gte', 1)), name='mailboxes_limits_allow_one')],
            },
        ),
        migrations.CreateModel(
            name='Cooldown',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(max_length=255)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('words', models.CharField(max_length=300)),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='cooldowns', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'mailboxes_cooldown',
                'constraints': [models.UniqueConstraint(fields=('mailbox', 'side'), name='mailboxes_one_cooldown_per_side')],
            },
        ),
        migrations.CreateModel(
            name='ConnectionTest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('protocol', models.CharField(max_length=4)),
                ('recipient', models.CharField(blank=True, default='', max_length=254)),
                ('passed', models.BooleanField()),
                ('transcript', models.JSONField(default=list)),
                ('what', models.CharField(blank=True, max_length=300)),
                ('why', models.CharField(blank=True, max_length=500)),
                ('fix', models.CharField(blank=True, max_length=500)),
                ('tested_at', models.DateTimeField(auto_now_add=True)),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tests', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'mailboxes_connection_test',
                'indexes': [models.Index(fields=['mailbox', '-id'], name='mailboxes_newest_tests')],
                'constraints': [models.CheckConstraint(condition=models.Q(('protocol__in', ['smtp', sending.imap.account.Protocol['IMAP'], sending.imap.account.Protocol['POP3'], 'mail'])), name='mailboxes_tested_protocol'), models.CheckConstraint(condition=models.Q(('protocol', 'mail'), ('recipient', ''), _connector='XOR'), name='mailboxes_mail_has_recipient'), models.CheckConstraint(condition=models.Q(('passed', True), models.Q(('what', ''), _negated=True), _connector='OR'), name='mailboxes_failure_is_explained')],
            },
        ),
        migrations.CreateModel(
            name='HealthChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('cause', models.CharField(max_length=10)),
                ('percent', models.PositiveSmallIntegerField()),
                ('words', models.CharField(blank=True, max_length=500)),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_changes', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'mailboxes_health_change',
                'indexes': [models.Index(fields=['mailbox', '-id'], name='mailboxes_newest_health')],
                'constraints': [models.CheckConstraint(condition=models.Q(('cause__in', [sending.pacing.health.Cause['CLEAN_DAY'], sending.pacing.health.Cause['BLOCK'], sending.pacing.health.Cause['BOUNCES'], sending.pacing.health.Cause['COMPLAINT'], sending.pacing.health.Cause['IDLE'], sending.pacing.health.Cause['REFUSAL']])), name='mailboxes_known_health_cause'), models.CheckConstraint(condition=models.Q(('percent__range', (1, 100))), name='mailboxes_health_change_range')],
            },
        ),
        migrations.CreateModel(
            name='PendingSignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state_hash', models.CharField(max_length=64, unique=True)),
                ('session_hash', models.CharField(max_length=64)),
                ('provider', models.CharField(max_length=9)),
                ('verifier', models.BinaryField(null=True)),
                ('account', models.CharField(blank=True, max_length=254)),
                ('grant', models.BinaryField(null=True)),
                ('begun_at', models.DateTimeField(auto_now_add=True)),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to='mailboxes.mailbox')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'mailboxes_pending_sign_in',
                'indexes': [models.Index(fields=['begun_at'], name='mailboxes_sign_in_begun')],
                'constraints': [models.CheckConstraint(condition=models.Q(('provider__in', [sending.mailboxes.states.SignInKind['GOOGLE'], sending.mailboxes.states.SignInKind['MICROSOFT']])), name='mailboxes_known_provider'), models.CheckConstraint(condition=models.Q(('account', ''), ('grant__isnull', False), _connector='XOR'), name='mailboxes_grant_has_its_account')],
            },
        ),
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spent_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('is_new_lead', models.BooleanField(default=False)),
                ('workspace_id', models.BigIntegerField(null=True)),
                ('campaign_id', models.BigIntegerField(null=True)),
                ('contact_id', models.BigIntegerField(null=True)),
                ('domain', models.CharField(blank=True, default='', max_length=255)),
                ('receiver', models.CharField(blank=True, default='', max_length=9)),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='spending', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'mailboxes_spending',
                'indexes': [models.Index(fields=['mailbox', 'spent_at'], name='mailboxes_spent'), models.Index(fields=['workspace_id', 'domain', 'spent_at'], name='mailboxes_spent_on_domain'), models.Index(fields=['campaign_id', 'spent_at'], name='mailboxes_spent_by_campaign'), models.Index(fields=['workspace_id', 'receiver', 'spent_at'], name='mailboxes_spent_on_receiver')],
            },
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='mailboxes.mailbox')),
                ('smtp_password', models.BinaryField(null=True)),
                ('imap_password', models.BinaryField(null=True)),
                ('account', models.CharField(blank=True, max_length=254)),
                ('refresh_token', models.BinaryField(null=True)),
                ('access_token', models.BinaryField(null=True)),
                ('access_until', models.DateTimeField(null=True)),
                ('ask_at', models.DateTimeField(null=True)),
                ('ask_failures', models.PositiveSmallIntegerField(default=0)),
                ('ask_words', models.CharField(blank=True, max_length=300)),
                ('changed_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'db_table': 'mailboxes_credential',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('access_token__isnull', True), ('access_until__isnull', True)), models.Q(('access_token__isnull', False), ('access_until__isnull', False)), _connector='OR'), name='mailboxes_token_has_its_end'), models.CheckConstraint(condition=models.Q(('refresh_token__isnull', True), models.Q(('account', ''), _negated=True), _connector='OR'), name='mailboxes_token_has_its_account')],
            },
        ),
        migrations.CreateModel(
            name='MailboxClock',
            fields=[
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='clock', serialize=False, to='mailboxes.mailbox')),
                ('free_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('look_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('hold_code', models.CharField(blank=True, max_length=20)),
                ('hold_words', models.CharField(blank=True, max_length=300)),
                ('hold_until', models.DateTimeField(null=True)),
                ('follow_up_hold_words', models.CharField(blank=True, default='', max_length=300)),
                ('follow_up_hold_until', models.DateTimeField(null=True)),
                ('new_hold_words', models.CharField(blank=True, default='', max_length=300)),
                ('new_hold_until', models.DateTimeField(null=True)),
                ('backoff_until', models.DateTimeField(null=True)),
                ('backoff_words', models.CharField(blank=True, max_length=300)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('ramp_days', models.PositiveIntegerField(default=0)),
                ('ramp_day_at', models.DateTimeField(null=True)),
                ('health', models.PositiveSmallIntegerField(default=100)),
                ('cut_at', models.DateTimeField(null=True)),
                ('bad_at', models.DateTimeField(null=True)),
                ('synced_at', models.DateTimeField(null=True)),
                ('lease_owner', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'mailboxes_clock',
                'indexes': [models.Index(fields=['look_at'], name='mailboxes_clock_look'), models.Index(condition=models.Q(('lease_until__isnull', False)), fields=['lease_until'], name='mailboxes_clock_lease')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease_owner__isnull', True), ('lease_until__isnull', True)), models.Q(('lease_owner__isnull', False), ('lease_until__isnull', False)), _connector='OR'), name='mailboxes_lease_is_whole'), models.CheckConstraint(condition=models.Q(('health__range', (1, 100))), name='mailboxes_health_in_percent')],
            },
        ),
    ]
