import campaigns.calendar.waits
import campaigns.sequences.states
import django.db.models.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
        ('contacts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('state', models.CharField(default=campaigns.sequences.states.CampaignState['DRAFT'], max_length=10)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('starts_on', models.DateField(null=True)),
                ('use_contact_zone', models.BooleanField(default=True)),
                ('new_leads_per_day', models.PositiveIntegerField(null=True)),
                ('daily_limit', models.PositiveIntegerField(null=True)),
                ('priority', models.CharField(default=campaigns.sequences.states.Priority['NORMAL'], max_length=6)),
                ('stop_on_reply', models.BooleanField(default=True)),
                ('grows', models.BooleanField(db_default=False, default=False)),
                ('skips_roles', models.BooleanField(db_default=True, default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('launched_at', models.DateTimeField(null=True)),
                ('state_changed_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'sequences_campaign',
                'indexes': [models.Index(fields=['workspace', '-id'], name='sequences_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [campaigns.sequences.states.CampaignState['DRAFT'], campaigns.sequences.states.CampaignState['RUNNING'], campaigns.sequences.states.CampaignState['PAUSED'], campaigns.sequences.states.CampaignState['STOPPED'], campaigns.sequences.states.CampaignState['ARCHIVED']])), name='sequences_known_state'), models.CheckConstraint(condition=models.Q(models.Q(('launched_at__isnull', True), ('state', campaigns.sequences.states.CampaignState['DRAFT'])), ('state', campaigns.sequences.states.CampaignState['ARCHIVED']), models.Q(('launched_at__isnull', False), ('state__in', [campaigns.sequences.states.CampaignState['RUNNING'], campaigns.sequences.states.CampaignState['PAUSED'], campaigns.sequences.states.CampaignState['STOPPED']])), _connector='OR'), name='sequences_launched_when_running'), models.CheckConstraint(condition=models.Q(('new_leads_per_day__isnull', True), ('new_leads_per_day__gte', 1), _connector='OR'), name='sequences_some_new_leads'), models.CheckConstraint(condition=models.Q(('daily_limit__isnull', True), ('daily_limit__gte', 1), _connector='OR'), name='sequences_some_messages'), models.CheckConstraint(condition=models.Q(('priority__in', [campaigns.sequences.states.Priority['HIGH'], campaigns.sequences.states.Priority['NORMAL'], campaigns.sequences.states.Priority['LOW']])), name='sequences_known_priority')],
            },
        ),
        migrations.CreateModel(
            name='AudienceSegment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='contacts.segment')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audience_segments', to='sequences.campaign')),
            ],
            options={
                'db_table': 'sequences_audience_segment',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'segment'), name='sequences_segment_once')],
            },
        ),
        migrations.CreateModel(
            name='AudienceList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact_list', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='contacts.contactlist')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audience', to='sequences.campaign')),
            ],
            options={
                'db_table': 'sequences_audience_list',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'contact_list'), name='sequences_list_once')],
            },
        ),
        migrations.CreateModel(
            name='ClosedDays',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.DateField()),
                ('last', models.DateField()),
                ('name', models.CharField(blank=True, max_length=80)),
                ('campaign', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='closed_days', to='sequences.campaign')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closed_days', to='accounts.workspace')),
            ],
            options={
                'db_table': 'sequences_closed_days',
                'constraints': [models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='sequences_closed_in_order')],
            },
        ),
        migrations.CreateModel(
            name='HolidayRegion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(max_length=2)),
                ('part', models.CharField(blank=True, max_length=40)),
                ('campaign', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='holiday_regions', to='sequences.campaign')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holiday_regions', to='accounts.workspace')),
            ],
            options={
                'db_table': 'sequences_holiday_region',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'campaign', 'country', 'part'), name='sequences_holiday_region_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('country__regex', '^[A-Z]{2}$')), name='sequences_holiday_country')],
            },
        ),
        migrations.CreateModel(
            name='Path',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=60)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='paths', to='sequences.campaign')),
            ],
            options={
                'db_table': 'sequences_path',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'number'), name='sequences_path_number_once'), models.UniqueConstraint(fields=('campaign', 'name'), name='sequences_path_name_once'), models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 300)), name='sequences_path_in_range')],
            },
        ),
        migrations.CreateModel(
            name='RemovedPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.JSONField()),
                ('removed_at', models.DateTimeField(auto_now_add=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='removed', to='sequences.campaign')),
                ('removed_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'sequences_removed_part',
            },
        ),
        migrations.CreateModel(
            name='SendWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField()),
                ('start_minute', models.PositiveSmallIntegerField()),
                ('end_minute', models.PositiveSmallIntegerField()),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='sequences.campaign')),
            ],
            options={
                'db_table': 'sequences_window',
                'constraints': [models.CheckConstraint(condition=models.Q(('weekday__gte', 1), ('weekday__lte', 7)), name='sequences_window_weekday'), models.CheckConstraint(condition=models.Q(('end_minute__lte', 1440), ('start_minute__lt', models.F('end_minute'))), name='sequences_window_not_empty'), models.UniqueConstraint(fields=('campaign', 'weekday', 'start_minute'), name='sequences_window_once')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('wait_amount', models.PositiveSmallIntegerField(default=0)),
                ('wait_unit', models.CharField(default=campaigns.calendar.waits.WaitUnit['DAYS'], max_length=14)),
                ('thread', models.CharField(default=campaigns.sequences.states.StepThread['REPLY'], max_length=5)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='sequences.campaign')),
            ],
            options={
                'db_table': 'sequences_step',
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('campaign', 'position'), name='sequences_one_step_per_position'), models.CheckConstraint(condition=models.Q(('position__gte', 1)), name='sequences_step_from_1'), models.CheckConstraint(condition=models.Q(('wait_unit__in', [campaigns.calendar.waits.WaitUnit['MINUTES'], campaigns.calendar.waits.WaitUnit['HOURS'], campaigns.calendar.waits.WaitUnit['DAYS'], campaigns.calendar.waits.WaitUnit['BUSINESS_DAYS']])), name='sequences_known_wait_unit'), models.CheckConstraint(condition=models.Q(('wait_amount__lte', 3660)), name='sequences_wait_has_an_end'), models.CheckConstraint(condition=models.Q(('thread__in', [campaigns.sequences.states.StepThread['REPLY'], campaigns.sequences.states.StepThread['NEW']])), name='sequences_known_thread')],
            },
        ),
        migrations.CreateModel(
            name='Branch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(max_length=9)),
                ('where', models.TextField(blank=True)),
                ('reply', models.CharField(blank=True, max_length=13)),
                ('path', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='branches', to='sequences.path')),
                ('step', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='branches', to='sequences.step')),
            ],
            options={
                'db_table': 'sequences_branch',
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('step', 'place'), name='sequences_branch_place_once'), models.UniqueConstraint(condition=models.Q(('reply', ''), _negated=True), fields=('step', 'reply'), name='sequences_one_branch_per_reply'), models.UniqueConstraint(condition=models.Q(('kind', campaigns.sequences.states.BranchKind['EVERYBODY'])), fields=('step',), name='sequences_one_branch_for_everybody'), models.CheckConstraint(condition=models.Q(models.Q(('kind', campaigns.sequences.states.BranchKind['FIELD']), ('reply', ''), models.Q(('where', ''), _negated=True)), models.Q(('kind', campaigns.sequences.states.BranchKind['REPLY']), ('path__isnull', False), ('reply__in', [campaigns.sequences.states.ReplyClass['POSITIVE'], campaigns.sequences.states.ReplyClass['NEUTRAL'], campaigns.sequences.states.ReplyClass['NEGATIVE'], campaigns.sequences.states.ReplyClass['REFERRAL'], campaigns.sequences.states.ReplyClass['NOT_NOW'], campaigns.sequences.states.ReplyClass['OUT_OF_OFFICE']]), ('where', '')), models.Q(('kind', campaigns.sequences.states.BranchKind['EVERYBODY']), ('reply', ''), ('where', '')), _connector='OR'), name='sequences_branch_by_its_kind')],
            },
        ),
        migrations.CreateModel(
            name='Variant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=2)),
                ('weight', models.PositiveSmallIntegerField(default=1)),
                ('subject', models.CharField(blank=True, max_length=500)),
                ('body_text', models.TextField(blank=True)),
                ('body_html', models.TextField(blank=True)),
                ('version', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('came_from', models.PositiveSmallIntegerField(null=True)),
                ('is_kept', models.BooleanField(db_default=True, default=True)),
                ('saved_at', models.DateTimeField(null=True)),
                ('begun_at', models.DateTimeField(null=True)),
                ('saved_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('step', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='sequences.step')),
            ],
            options={
                'db_table': 'sequences_variant',
                'constraints': [models.UniqueConstraint(fields=('step', 'label'), name='sequences_variant_label_once'), models.CheckConstraint(condition=models.Q(('weight__lte', 100)), name='sequences_weight_up_to_100')],
            },
        ),
        migrations.CreateModel(
            name='WordingVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('subject', models.CharField(blank=True, max_length=500)),
                ('body_text', models.TextField(blank=True)),
                ('body_html', models.TextField(blank=True)),
                ('came_from', models.PositiveSmallIntegerField(null=True)),
                ('saved_at', models.DateTimeField(null=True)),
                ('saved_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('variant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='sequences.variant')),
            ],
            options={
                'db_table': 'sequences_wording_version',
                'constraints': [models.UniqueConstraint(fields=('variant', 'number'), name='sequences_version_once')],
            },
        ),
    ]
