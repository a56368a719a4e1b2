import django.db.models.deletion
import django.db.models.functions.datetime
import sending.outbox.states
import sending.planner.states
import sending.rehearsal.states
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
        ('contacts', '0001_initial'),
        ('rehearsal', '0001_clock'),
        ('sequences', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rehearsal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(default=sending.rehearsal.states.RehearsalState['QUEUED'], max_length=9)),
                ('days', models.PositiveSmallIntegerField()),
                ('seed', models.PositiveIntegerField(default=1)),
                ('shares', models.JSONField(default=dict)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('queued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('begins_at', models.DateTimeField(null=True)),
                ('now_at', models.DateTimeField(null=True)),
                ('messages', models.PositiveIntegerField(default=0)),
                ('arrivals', models.PositiveIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('report', models.JSONField(null=True)),
                ('asked_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rehearsals', to='sequences.campaign')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'rehearsal_rehearsal',
                'indexes': [models.Index(fields=['campaign', '-id'], name='rehearsal_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [sending.rehearsal.states.RehearsalState['QUEUED'], sending.rehearsal.states.RehearsalState['RUNNING'], sending.rehearsal.states.RehearsalState['DONE'], sending.rehearsal.states.RehearsalState['CANCELLED'], sending.rehearsal.states.RehearsalState['FAILED']])), name='rehearsal_known_state'), models.CheckConstraint(condition=models.Q(('days__range', (1, 180))), name='rehearsal_days_in_range'), models.CheckConstraint(condition=models.Q(models.Q(('report__isnull', False), ('state', sending.rehearsal.states.RehearsalState['DONE'])), models.Q(models.Q(('state', sending.rehearsal.states.RehearsalState['DONE']), _negated=True), ('report__isnull', True)), _connector='OR'), name='rehearsal_done_has_report'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', (sending.rehearsal.states.RehearsalState['QUEUED'], sending.rehearsal.states.RehearsalState['RUNNING']))), models.Q(models.Q(('state__in', (sending.rehearsal.states.RehearsalState['QUEUED'], sending.rehearsal.states.RehearsalState['RUNNING'])), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='rehearsal_finished_has_time'), models.UniqueConstraint(condition=models.Q(('state__in', (sending.rehearsal.states.RehearsalState['QUEUED'], sending.rehearsal.states.RehearsalState['RUNNING']))), fields=('workspace',), name='rehearsal_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='RehearsedMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recipient', models.CharField(max_length=320)),
                ('mailbox', models.CharField(max_length=254)),
                ('position', models.PositiveSmallIntegerField()),
                ('label', models.CharField(blank=True, max_length=2)),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(max_length=12)),
                ('words', models.TextField(blank=True)),
                ('subject', models.CharField(blank=True, max_length=998)),
                ('message_id', models.CharField(max_length=255)),
                ('raw', models.BinaryField()),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.contact')),
                ('rehearsal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='rehearsal.rehearsal')),
            ],
            options={
                'db_table': 'rehearsal_message',
                'indexes': [models.Index(fields=['rehearsal', 'at', 'id'], name='rehearsal_in_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', [sending.outbox.states.AttemptOutcome['ACCEPTED'], sending.outbox.states.AttemptOutcome['DEFERRED'], sending.outbox.states.AttemptOutcome['REFUSED'], sending.outbox.states.AttemptOutcome['UNREACHABLE'], sending.outbox.states.AttemptOutcome['IN_DOUBT'], sending.outbox.states.AttemptOutcome['WITHDRAWN'], sending.outbox.states.AttemptOutcome['LOST']])), name='rehearsal_known_outcome')],
            },
        ),
        migrations.CreateModel(
            name='RehearsedArrival',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('part', models.CharField(max_length=10)),
                ('kind', models.CharField(blank=True, max_length=12)),
                ('subject', models.CharField(blank=True, max_length=998)),
                ('raw', models.BinaryField()),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arrivals', to='rehearsal.rehearsedmessage')),
            ],
            options={
                'db_table': 'rehearsal_arrival',
            },
        ),
        migrations.CreateModel(
            name='RehearsedPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(max_length=254)),
                ('state', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('words', models.CharField(blank=True, max_length=300)),
                ('messages', models.PositiveSmallIntegerField()),
                ('last_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(null=True)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.contact')),
                ('rehearsal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='people', to='rehearsal.rehearsal')),
            ],
            options={
                'db_table': 'rehearsal_person',
                'indexes': [models.Index(fields=['rehearsal', 'state', 'reason', 'id'], name='rehearsal_people')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [sending.planner.states.EnrollmentState['ACTIVE'], sending.planner.states.EnrollmentState['SENDING'], sending.planner.states.EnrollmentState['FINISHED'], sending.planner.states.EnrollmentState['STOPPED'], sending.planner.states.EnrollmentState['SKIPPED']])), name='rehearsal_known_standing'), models.UniqueConstraint(fields=('rehearsal', 'contact'), name='rehearsal_person_once')],
            },
        ),
    ]
