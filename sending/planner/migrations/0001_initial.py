import campaigns.contacts.states
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import sending.pacing.receivers
import sending.pacing.rotation
import sending.pacing.verdicts
import sending.planner.states
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
        ('contacts', '0001_initial'),
        ('mailboxes', '0001_initial'),
        ('sequences', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CampaignGround',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='ground', serialize=False, to='sequences.campaign')),
                ('basis', models.CharField(max_length=12)),
                ('words', models.CharField(max_length=500)),
                ('stated_by', models.CharField(max_length=254)),
                ('stated_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'planner_campaign_ground',
                'constraints': [models.CheckConstraint(condition=models.Q(('basis__in', [campaigns.contacts.states.LegalBasis['CONSENT'], campaigns.contacts.states.LegalBasis['CONTRACT'], campaigns.contacts.states.LegalBasis['INTEREST']])), name='planner_known_ground'), models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='planner_ground_is_explained')],
            },
        ),
        migrations.CreateModel(
            name='CampaignRotation',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rotation', serialize=False, to='sequences.campaign')),
                ('mode', models.CharField(default=sending.pacing.rotation.Rotation['EVEN'], max_length=8)),
            ],
            options={
                'db_table': 'planner_campaign_rotation',
                'constraints': [models.CheckConstraint(condition=models.Q(('mode__in', [sending.pacing.rotation.Rotation['EVEN'], sending.pacing.rotation.Rotation['WEIGHTED'], sending.pacing.rotation.Rotation['PROVIDER']])), name='planner_known_rotation')],
            },
        ),
        migrations.CreateModel(
            name='Throttles',
            fields=[
                ('workspace', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='throttles', serialize=False, to='accounts.workspace')),
                ('company_per_day', models.PositiveIntegerField(blank=True, default=1, null=True)),
                ('domain_per_hour', models.PositiveIntegerField(blank=True, default=4, null=True)),
                ('domain_per_day', models.PositiveIntegerField(blank=True, default=20, null=True)),
                ('google_per_hour', models.PositiveIntegerField(blank=True, null=True)),
                ('google_per_day', models.PositiveIntegerField(blank=True, null=True)),
                ('microsoft_per_hour', models.PositiveIntegerField(blank=True, null=True)),
                ('microsoft_per_day', models.PositiveIntegerField(blank=True, null=True)),
                ('yahoo_per_hour', models.PositiveIntegerField(blank=True, null=True)),
                ('yahoo_per_day', models.PositiveIntegerField(blank=True, null=True)),
                ('other_per_hour', models.PositiveIntegerField(blank=True, null=True)),
                ('other_per_day', models.PositiveIntegerField(blank=True, null=True)),
                ('catch_all_percent', models.PositiveIntegerField(blank=True, db_default=20, default=20, null=True)),
            ],
            options={
                'db_table': 'planner_throttles',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('company_per_day', 0), _negated=True), models.Q(('domain_per_hour', 0), _negated=True), models.Q(('domain_per_day', 0), _negated=True), models.Q(('google_per_hour', 0), _negated=True), models.Q(('google_per_day', 0), _negated=True), models.Q(('microsoft_per_hour', 0), _negated=True), models.Q(('microsoft_per_day', 0), _negated=True), models.Q(('yahoo_per_hour', 0), _negated=True), models.Q(('yahoo_per_day', 0), _negated=True), models.Q(('other_per_hour', 0), _negated=True), models.Q(('other_per_day', 0), _negated=True), models.Q(('catch_all_percent', 0), _negated=True)), name='planner_throttles_allow_one')],
            },
        ),
        migrations.CreateModel(
            name='CampaignHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=3)),
                ('code', models.CharField(max_length=20)),
                ('words', models.CharField(max_length=300)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='sequences.campaign')),
            ],
            options={
                'db_table': 'planner_campaign_hold',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'scope'), name='planner_one_hold_per_scope'), models.CheckConstraint(condition=models.Q(('scope__in', [sending.planner.states.HoldScope['NEW']])), name='planner_known_hold_scope'), models.CheckConstraint(condition=models.Q(('code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']])), name='planner_known_campaign_hold')],
            },
        ),
        migrations.CreateModel(
            name='CampaignMailbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_tag', models.BooleanField(db_default=False, default=False)),
                ('weight', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('moved', models.FloatField(db_default=0.0, default=0.0)),
                ('is_keen', models.BooleanField(db_default=True, default=True)),
                ('waits_since', models.DateTimeField(null=True)),
                ('held_until', models.DateTimeField(null=True)),
                ('receivers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=9), null=True, size=None)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='senders', to='sequences.campaign')),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'planner_campaign_mailbox',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'mailbox'), name='planner_sender_once'), models.CheckConstraint(condition=models.Q(('weight__range', (1, 100))), name='planner_weight_in_range')],
            },
        ),
        migrations.CreateModel(
            name='CampaignTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=40)),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sender_tags', to='sequences.campaign')),
            ],
            options={
                'db_table': 'planner_campaign_tag',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'tag'), name='planner_tag_once')],
            },
        ),
        migrations.CreateModel(
            name='Enrollment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(default=sending.planner.states.EnrollmentState['ACTIVE'], max_length=10)),
                ('stop_reason', models.CharField(blank=True, max_length=14)),
                ('stop_detail', models.CharField(blank=True, max_length=300)),
                ('receiver', models.CharField(db_default=sending.pacing.receivers.Receiver['OTHER'], default=sending.pacing.receivers.Receiver['OTHER'], max_length=9)),
                ('next_position', models.PositiveSmallIntegerField(default=1)),
                ('due_at', models.DateTimeField(null=True)),
                ('hold_code', models.CharField(blank=True, max_length=20)),
                ('hold_detail', models.CharField(blank=True, max_length=300)),
                ('held_since', models.DateTimeField(null=True)),
                ('absent_until', models.DateTimeField(null=True)),
                ('absent_words', models.CharField(blank=True, db_default='', default='', max_length=300)),
                ('led_to', models.PositiveSmallIntegerField(null=True)),
                ('led_until', models.DateTimeField(null=True)),
                ('begun_at', models.DateTimeField(null=True)),
                ('last_sent_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='enrollments', to='sequences.campaign')),
                ('contact', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='enrollments', to='contacts.contact')),
                ('mailbox', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enrollments', to='mailboxes.mailbox')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'planner_enrollment',
                'indexes': [models.Index(condition=models.Q(('state', sending.planner.states.EnrollmentState['ACTIVE'])), fields=['mailbox', 'due_at', 'id'], name='planner_due_by_mailbox'), models.Index(condition=models.Q(('mailbox__isnull', True), ('state', sending.planner.states.EnrollmentState['ACTIVE'])), fields=['campaign', 'due_at', 'id'], name='planner_new_by_campaign'), models.Index(condition=models.Q(('mailbox__isnull', True), ('state', sending.planner.states.EnrollmentState['ACTIVE'])), fields=['campaign', 'receiver', 'due_at', 'id'], name='planner_new_by_receiver'), models.Index(condition=models.Q(('begun_at__isnull', False)), fields=['campaign', 'begun_at'], name='planner_begun'), models.Index(fields=['campaign', 'state', 'id'], name='planner_people'), models.Index(fields=['contact'], name='planner_of_contact'), models.Index(condition=models.Q(('led_to__isnull', False), ('state', sending.planner.states.EnrollmentState['STOPPED'])), fields=['id'], name='planner_to_be_led')],
                'constraints': [models.UniqueConstraint(fields=('campaign', 'contact'), name='planner_enrolled_once'), models.CheckConstraint(condition=models.Q(('state__in', [sending.planner.states.EnrollmentState['ACTIVE'], sending.planner.states.EnrollmentState['SENDING'], sending.planner.states.EnrollmentState['FINISHED'], sending.planner.states.EnrollmentState['STOPPED'], sending.planner.states.EnrollmentState['SKIPPED']])), name='planner_known_enrollment_state'), models.CheckConstraint(condition=models.Q(('stop_reason', ''), ('stop_reason__in', [sending.planner.states.StopReason['REPLIED'], sending.planner.states.StopReason['BOUNCED'], sending.planner.states.StopReason['OPTED_OUT'], sending.planner.states.StopReason['COMPLAINED'], sending.planner.states.StopReason['SUPPRESSED'], sending.planner.states.StopReason['REFUSED'], sending.planner.states.StopReason['OUT_OF_TRIES'], sending.planner.states.StopReason['REMOVED'], sending.planner.states.StopReason['CAMPAIGN_ENDED'], sending.planner.states.StopReason['NOT_SENDABLE'], sending.planner.states.StopReason['NO_MAIL'], sending.planner.states.StopReason['DISPOSABLE'], sending.planner.states.StopReason['ROLE_ADDRESS']]), _connector='OR'), name='planner_known_stop_reason'), models.CheckConstraint(condition=models.Q(('hold_code', ''), ('hold_code__in', [sending.pacing.verdicts.HoldCode['WINDOW'], sending.pacing.verdicts.HoldCode['GAP'], sending.pacing.verdicts.HoldCode['HOURLY_LIMIT'], sending.pacing.verdicts.HoldCode['DAILY_LIMIT'], sending.pacing.verdicts.HoldCode['RESERVED'], sending.pacing.verdicts.HoldCode['NEW_LEADS_LIMIT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_LIMIT'], sending.pacing.verdicts.HoldCode['DOMAIN_LIMIT'], sending.pacing.verdicts.HoldCode['PROVIDER_LIMIT'], sending.pacing.verdicts.HoldCode['ROTATION'], sending.pacing.verdicts.HoldCode['COMPANY_LIMIT'], sending.pacing.verdicts.HoldCode['CATCH_ALL_LIMIT'], sending.pacing.verdicts.HoldCode['MAILBOX_STATE'], sending.pacing.verdicts.HoldCode['MAILBOX_BACKOFF'], sending.pacing.verdicts.HoldCode['SYNC_STALE'], sending.pacing.verdicts.HoldCode['MISSING_VALUE'], sending.pacing.verdicts.HoldCode['BAD_TEMPLATE'], sending.pacing.verdicts.HoldCode['ABSENT'], sending.pacing.verdicts.HoldCode['CAMPAIGN_PAUSED'], sending.pacing.verdicts.HoldCode['BROKEN_BRANCH'], sending.pacing.verdicts.HoldCode['MADE_ALREADY'], sending.pacing.verdicts.HoldCode['DOMAIN_DOUBTED'], sending.pacing.verdicts.HoldCode['COOLDOWN'], sending.pacing.verdicts.HoldCode['ADDRESS_HELD'], sending.pacing.verdicts.HoldCode['COMPANY_PAUSED']]), _connector='OR'), name='planner_known_hold_code'), models.CheckConstraint(condition=models.Q(('receiver__in', [sending.pacing.receivers.Receiver['GOOGLE'], sending.pacing.receivers.Receiver['MICROSOFT'], sending.pacing.receivers.Receiver['YAHOO'], sending.pacing.receivers.Receiver['OTHER']])), name='planner_known_receiver'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', [sending.planner.states.EnrollmentState['STOPPED'], sending.planner.states.EnrollmentState['SKIPPED']]), models.Q(('stop_reason', ''), _negated=True)), models.Q(models.Q(('state__in', [sending.planner.states.EnrollmentState['STOPPED'], sending.planner.states.EnrollmentState['SKIPPED']]), _negated=True), ('stop_reason', '')), _connector='OR'), name='planner_stopped_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('state', sending.planner.states.EnrollmentState['ACTIVE'])), models.Q(models.Q(('state', sending.planner.states.EnrollmentState['ACTIVE']), _negated=True), ('due_at__isnull', True)), _connector='OR'), name='planner_due_when_active'), models.CheckConstraint(condition=models.Q(('led_to__isnull', True), ('led_until__isnull', False), _connector='OR'), name='planner_led_has_an_instant')],
            },
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=7)),
                ('value', models.CharField(db_collation='C', max_length=320)),
                ('words', models.CharField(max_length=300)),
                ('until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('created_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'planner_pause',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'value'), name='planner_paused_once'), models.CheckConstraint(condition=models.Q(('scope__in', [sending.planner.states.PauseScope['ADDRESS'], sending.planner.states.PauseScope['COMPANY']])), name='planner_known_pause'), models.CheckConstraint(condition=models.Q(('scope', sending.planner.states.PauseScope['ADDRESS']), ('until__isnull', True), _negated=True), name='planner_held_address_has_its_end')],
            },
        ),
    ]
