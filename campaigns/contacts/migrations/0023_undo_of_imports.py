"""Keep what an import changes and gives, so that it can be undone, and how far its reading came."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('contacts', "0022_region_of_contacts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('updated_before', models.DateTimeField()),
                ('changes', models.JSONField()),
            ],
            options={
                'db_table': 'contacts_import_change',
            },
        ),
        migrations.CreateModel(
            name='ImportTrace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=6)),
                ('first_id', models.BigIntegerField()),
                ('last_id', models.BigIntegerField()),
                ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                'db_table': 'contacts_import_trace',
            },
        ),
        migrations.RemoveConstraint(
            model_name='contactimport',
            name='contacts_known_import_state',
        ),
        migrations.RemoveConstraint(
            model_name='contactimport',
            name='contacts_import_adds_up',
        ),
        migrations.RemoveIndex(
            model_name='contactimport',
            name='contacts_import_unfinished',
        ),
        migrations.AddField(
            model_name='contactimport',
            name='checkpoint',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='checkpoint_attempt',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='merged_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undo',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undo_asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='contactimport',
            index=models.Index(condition=models.Q(('state__in', ['uploaded', 'queued', 'running', 'undoing'])), fields=['state'], name='contacts_import_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['uploaded', 'queued', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone'])), name='contacts_known_import_state'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('done', 'undoing', 'undone')), _negated=True), ('rows_read', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('rows_created'), '+', models.F('rows_updated')), '+', models.F('rows_unchanged')), '+', models.F('rows_skipped')), '+', models.F('rows_rejected'))), _connector='OR'), name='contacts_import_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['undoing', 'undone']), ('undo_asked_at__isnull', False)), models.Q(models.Q(('state__in', ['undoing', 'undone']), _negated=True), ('undo_asked_at__isnull', True)), _connector='OR'), name='contacts_undo_was_asked_for'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'undone'), ('undone_at__isnull', False)), models.Q(models.Q(('state', 'undone'), _negated=True), ('undone_at__isnull', True)), _connector='OR'), name='contacts_undone_has_time'),
        ),
        migrations.AddField(
            model_name='importchange',
            name='contact',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='import_changes', to='contacts.contact'),
        ),
        migrations.AddField(
            model_name='importchange',
            name='contact_import',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='contacts.contactimport'),
        ),
        migrations.AddField(
            model_name='importtrace',
            name='contact_import',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='traces', to='contacts.contactimport'),
        ),
        migrations.AddConstraint(
            model_name='importchange',
            constraint=models.UniqueConstraint(fields=('contact_import', 'contact'), name='contacts_changed_once_by_an_import'),
        ),
        migrations.AddIndex(
            model_name='importtrace',
            index=models.Index(fields=['contact_import', 'kind', 'first_id'], name='contacts_traces_in_order'),
        ),
        migrations.AddConstraint(
            model_name='importtrace',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['known', 'listed', 'tagged'])), name='contacts_known_trace_kind'),
        ),
    ]
