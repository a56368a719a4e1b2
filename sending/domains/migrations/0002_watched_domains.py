import django.db.models.deletion
import django.db.models.functions.datetime
import sending.domains.judging.findings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_scopes_of_the_inbox'),
        ('domains', '0001_signing_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='WatchedDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253)),
                ('senders', models.JSONField(default=dict)),
                ('look_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('asked_at', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('standing', models.CharField(blank=True, max_length=7)),
                ('failing_since', models.DateTimeField(null=True)),
                ('failing_words', models.CharField(blank=True, max_length=300)),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'db_table': 'domains_watched',
            },
        ),
        migrations.CreateModel(
            name='DomainReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('report', models.JSONField()),
                ('watched', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='domains.watcheddomain')),
            ],
            options={
                'db_table': 'domains_report',
            },
        ),
        migrations.AddIndex(
            model_name='watcheddomain',
            index=models.Index(fields=['look_at'], name='domains_watched_look'),
        ),
        migrations.AddConstraint(
            model_name='watcheddomain',
            constraint=models.UniqueConstraint(fields=('workspace', 'domain'), name='domains_watched_once'),
        ),
        migrations.AddConstraint(
            model_name='watcheddomain',
            constraint=models.CheckConstraint(condition=models.Q(('standing', ''), ('standing__in', [sending.domains.judging.findings.Standing['BAD'], sending.domains.judging.findings.Standing['ADVICE'], sending.domains.judging.findings.Standing['UNKNOWN'], sending.domains.judging.findings.Standing['GOOD']]), _connector='OR'), name='domains_known_standing'),
        ),
        migrations.AddConstraint(
            model_name='watcheddomain',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('failing_since__isnull', True), ('failing_words', '')), models.Q(('failing_since__isnull', False), models.Q(('failing_words', ''), _negated=True)), _connector='OR'), name='domains_failing_has_words'),
        ),
        migrations.AddIndex(
            model_name='domainreport',
            index=models.Index(fields=['watched', '-first_at'], name='domains_report_last'),
        ),
        migrations.AddConstraint(
            model_name='domainreport',
            constraint=models.CheckConstraint(condition=models.Q(('first_at__lte', models.F('last_at'))), name='domains_report_in_order'),
        ),
    ]
