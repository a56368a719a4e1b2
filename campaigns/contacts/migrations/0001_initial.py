import campaigns.contacts.core.fields
import campaigns.contacts.core.mail_domains
import campaigns.contacts.core.providers
import campaigns.contacts.core.verdicts
import campaigns.contacts.states
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


# Pieces of uploaded files stay as they are: they are read once and deleted, compressing them only costs time.
_UNCOMPRESSED = "ALTER TABLE contacts_import_chunk ALTER COLUMN content SET STORAGE EXTERNAL"
# The database itself refuses that what was lifted is changed, but for taking a person's name out of it.
_NEVER_CHANGES = """
CREATE FUNCTION contacts_lifted_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('outreach.erasing', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'contacts_suppression_lifted: what was lifted is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_lifted_never_changes BEFORE UPDATE ON contacts_suppression_lifted
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_lifted_never_changes();
"""
_MAY_CHANGE = """
DROP TRIGGER contacts_lifted_never_changes ON contacts_suppression_lifted;
DROP FUNCTION contacts_lifted_never_changes();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('filename', models.CharField(max_length=255)),
                ('archive', models.CharField(blank=True, max_length=255)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('sheets', models.JSONField(default=list)),
                ('sheet', models.PositiveSmallIntegerField(default=0)),
                ('encoding', models.CharField(blank=True, max_length=40)),
                ('delimiter', models.CharField(blank=True, max_length=1)),
                ('quote', models.CharField(blank=True, max_length=1)),
                ('escape', models.CharField(blank=True, max_length=1)),
                ('skip_lines', models.PositiveSmallIntegerField(default=0)),
                ('has_header', models.BooleanField(default=True)),
                ('columns', models.JSONField(default=list)),
                ('mapping', models.JSONField(default=dict)),
                ('kinds', models.JSONField(default=dict)),
                ('tidy_names', models.BooleanField(db_default=False, default=False)),
                ('policy', models.CharField(default=campaigns.contacts.states.ImportPolicy['OVERWRITE'], max_length=12)),
                ('list_name', models.CharField(blank=True, max_length=120)),
                ('tags', models.JSONField(default=list)),
                ('source', models.CharField(blank=True, max_length=300)),
                ('legal_basis', models.CharField(default=campaigns.contacts.states.LegalBasis['UNSTATED'], max_length=12)),
                ('state', models.CharField(default=campaigns.contacts.states.ImportState['UPLOADED'], max_length=12)),
                ('problem', models.TextField(blank=True)),
                ('rows_read', models.PositiveIntegerField(default=0)),
                ('rows_created', models.PositiveIntegerField(default=0)),
                ('rows_updated', models.PositiveIntegerField(default=0)),
                ('rows_unchanged', models.PositiveIntegerField(default=0)),
                ('rows_skipped', models.PositiveIntegerField(default=0)),
                ('rows_rejected', models.PositiveIntegerField(default=0)),
                ('rows_suppressed', models.PositiveIntegerField(default=0)),
                ('notes', models.JSONField(default=list)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('bytes_read', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('queued_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('checkpoint', models.JSONField(null=True)),
                ('checkpoint_attempt', models.PositiveSmallIntegerField(default=0)),
                ('merged_at', models.DateTimeField(null=True)),
                ('undo_asked_at', models.DateTimeField(null=True)),
                ('undone_at', models.DateTimeField(null=True)),
                ('undo', models.JSONField(default=dict)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_import',
            },
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(max_length=320)),
                ('email_key', models.CharField(db_collation='C', max_length=320)),
                ('domain', models.CharField(db_collation='C', max_length=255)),
                ('first_name', models.CharField(blank=True, max_length=120)),
                ('last_name', models.CharField(blank=True, max_length=120)),
                ('company', models.CharField(blank=True, max_length=200)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('phone', models.CharField(blank=True, max_length=60)),
                ('website', models.CharField(blank=True, max_length=300)),
                ('city', models.CharField(blank=True, max_length=120)),
                ('region', models.CharField(blank=True, db_default='', default='', max_length=120)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('fields', models.JSONField(default=dict)),
                ('verdict', models.CharField(blank=True, db_default='', default='', max_length=10)),
                ('erased_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
                ('origin', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='created', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_contact',
                'indexes': [models.Index(fields=['workspace', 'id'], name='contacts_newest'), models.Index(models.F('workspace'), django.db.models.functions.comparison.Collate(django.db.models.functions.comparison.Coalesce(django.db.models.functions.comparison.NullIf(django.db.models.functions.text.Trim(django.db.models.functions.text.Lower(models.F('company'))), models.Value('')), models.Value('\U0010ffff'), output_field=models.TextField()), 'C'), models.F('id'), name='contacts_by_company'), models.Index(models.F('workspace'), django.db.models.functions.comparison.Collate(django.db.models.functions.comparison.Coalesce(django.db.models.functions.comparison.NullIf(django.db.models.functions.text.Trim(django.db.models.functions.text.Lower(django.db.models.functions.text.Concat(models.F('last_name'), models.Value(' '), models.F('first_name')))), models.Value('')), models.Value('\U0010ffff'), output_field=models.TextField()), 'C'), models.F('id'), name='contacts_by_name'), models.Index(models.F('workspace'), django.db.models.functions.text.Reverse('domain'), name='contacts_domain'), models.Index(condition=models.Q(('country', ''), _negated=True), fields=['workspace', 'country', 'id'], name='contacts_country'), models.Index(fields=['workspace', 'verdict', 'id'], name='contacts_verdict')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'email_key'), name='contacts_one_per_address'), models.CheckConstraint(condition=models.Q(('email_key', ''), _negated=True), name='contacts_has_address'), models.CheckConstraint(condition=models.Q(('verdict__in', ['', campaigns.contacts.core.verdicts.AddressVerdict['VALID'], campaigns.contacts.core.verdicts.AddressVerdict['CATCH_ALL'], campaigns.contacts.core.verdicts.AddressVerdict['RISKY'], campaigns.contacts.core.verdicts.AddressVerdict['ROLE'], campaigns.contacts.core.verdicts.AddressVerdict['UNKNOWN'], campaigns.contacts.core.verdicts.AddressVerdict['DISPOSABLE'], campaigns.contacts.core.verdicts.AddressVerdict['NO_MAIL']])), name='contacts_known_verdict')],
            },
        ),
        migrations.CreateModel(
            name='ContactList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_list',
                'constraints': [models.UniqueConstraint(models.F('workspace'), django.db.models.functions.text.Lower('name'), name='contacts_one_list_per_name')],
            },
        ),
        migrations.AddField(
            model_name='contactimport',
            name='contact_list',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='contacts.contactlist'),
        ),
        migrations.CreateModel(
            name='BulkAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=8)),
                ('tags', models.JSONField(default=list)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('query', models.CharField(blank=True, max_length=8000)),
                ('state', models.CharField(default=campaigns.contacts.states.BulkState['PLANNED'], max_length=9)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('owner', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
                ('contact_list', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to='contacts.contactlist')),
            ],
            options={
                'db_table': 'contacts_bulk_act',
                'indexes': [models.Index(condition=models.Q(('state__in', [campaigns.contacts.states.BulkState['PLANNED'], campaigns.contacts.states.BulkState['RUNNING']])), fields=['state', 'created_at'], name='contacts_bulk_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [campaigns.contacts.states.BulkState['PLANNED'], campaigns.contacts.states.BulkState['RUNNING'], campaigns.contacts.states.BulkState['DONE'], campaigns.contacts.states.BulkState['CANCELLED']])), name='contacts_known_bulk_state'), models.CheckConstraint(condition=models.Q(('action__in', [campaigns.contacts.states.BulkAction['ADD'], campaigns.contacts.states.BulkAction['REMOVE'], campaigns.contacts.states.BulkAction['TAG'], campaigns.contacts.states.BulkAction['UNTAG'], campaigns.contacts.states.BulkAction['SUPPRESS'], campaigns.contacts.states.BulkAction['DELETE'], campaigns.contacts.states.BulkAction['CHECK']])), name='contacts_known_bulk_action'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', [campaigns.contacts.states.BulkState['PLANNED'], campaigns.contacts.states.BulkState['RUNNING']])), models.Q(('finished_at__isnull', False), ('state__in', [campaigns.contacts.states.BulkState['DONE'], campaigns.contacts.states.BulkState['CANCELLED']])), _connector='OR'), name='contacts_bulk_ends_once'), models.CheckConstraint(condition=models.Q(('done__lte', models.F('total'))), name='contacts_bulk_adds_up')],
            },
        ),
        migrations.CreateModel(
            name='AddressCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(default=campaigns.contacts.states.CheckState['RUNNING'], max_length=9)),
                ('domains_total', models.PositiveIntegerField(null=True)),
                ('domains_done', models.PositiveIntegerField(default=0)),
                ('owner', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
                ('contact_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='contacts.contactlist')),
            ],
            options={
                'db_table': 'contacts_check',
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [campaigns.contacts.states.CheckState['RUNNING'], campaigns.contacts.states.CheckState['DONE'], campaigns.contacts.states.CheckState['CANCELLED']])), name='contacts_known_check_state'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state', campaigns.contacts.states.CheckState['RUNNING'])), models.Q(models.Q(('state', campaigns.contacts.states.CheckState['RUNNING']), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='contacts_check_ends_once'), models.UniqueConstraint(condition=models.Q(('state', campaigns.contacts.states.CheckState['RUNNING'])), fields=('contact_list',), name='contacts_one_check_of_a_list')],
            },
        ),
        migrations.CreateModel(
            name='ContactNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True, max_length=5000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('edited_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('contact', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='contacts.contact')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('deleted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('edited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'contacts_note',
                'indexes': [models.Index(fields=['contact', '-created_at', '-id'], name='contacts_notes_of_contact')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('deleted_at__isnull', True), models.Q(('text', ''), _negated=True)), models.Q(('deleted_at__isnull', False), ('text', '')), _connector='OR'), name='contacts_deleted_note_has_no_text')],
            },
        ),
        migrations.CreateModel(
            name='CustomField',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('label', models.CharField(blank=True, max_length=120)),
                ('kind', models.CharField(default=campaigns.contacts.core.fields.FieldKind['TEXT'], max_length=8)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_custom_field',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'name'), name='contacts_one_field_per_name'), models.CheckConstraint(condition=models.Q(('kind__in', [campaigns.contacts.core.fields.FieldKind['TEXT'], campaigns.contacts.core.fields.FieldKind['NUMBER'], campaigns.contacts.core.fields.FieldKind['DATE'], campaigns.contacts.core.fields.FieldKind['YES_NO']])), name='contacts_known_field_kind')],
            },
        ),
        migrations.CreateModel(
            name='DomainRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(db_collation='C', max_length=255)),
                ('written', models.PositiveIntegerField()),
                ('refused', models.PositiveIntegerField()),
                ('takes_any', models.BooleanField()),
                ('counted_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_domain_record',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'domain'), name='contacts_one_record_of_a_domain')],
            },
        ),
        migrations.CreateModel(
            name='DryRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(default=campaigns.contacts.states.DryRunState['QUEUED'], max_length=8)),
                ('difference', models.JSONField(null=True)),
                ('problem', models.TextField(blank=True)),
                ('rows_read', models.PositiveIntegerField(default=0)),
                ('rows_rejected', models.PositiveIntegerField(default=0)),
                ('bytes_read', models.PositiveBigIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('queued_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('contact_import', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='dry_run', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_dry_run',
                'indexes': [models.Index(condition=models.Q(('state__in', [campaigns.contacts.states.DryRunState['QUEUED'], campaigns.contacts.states.DryRunState['RUNNING']])), fields=['state'], name='contacts_dry_run_unfinished')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [campaigns.contacts.states.DryRunState['QUEUED'], campaigns.contacts.states.DryRunState['RUNNING'], campaigns.contacts.states.DryRunState['DONE'], campaigns.contacts.states.DryRunState['FAILED']])), name='contacts_known_dry_run_state'), models.CheckConstraint(condition=models.Q(models.Q(('difference__isnull', False), ('state', campaigns.contacts.states.DryRunState['DONE'])), models.Q(models.Q(('state', campaigns.contacts.states.DryRunState['DONE']), _negated=True), ('difference__isnull', True)), _connector='OR'), name='contacts_done_dry_run_has_difference')],
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact_id', models.BigIntegerField()),
                ('print', models.CharField(max_length=32)),
                ('address', models.CharField(blank=True, max_length=320)),
                ('given', models.CharField(blank=True, max_length=320)),
                ('state', models.CharField(default=campaigns.contacts.states.ErasureState['WANTED'], max_length=6)),
                ('why', models.CharField(max_length=200)),
                ('wanted_by', models.CharField(max_length=254)),
                ('wanted_at', models.DateTimeField()),
                ('look_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_erasure',
                'indexes': [models.Index(fields=['workspace', '-wanted_at', '-id'], name='contacts_erasures_newest'), models.Index(condition=models.Q(('state', campaigns.contacts.states.ErasureState['WANTED'])), fields=['look_at'], name='contacts_erasures_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('look_at__isnull', False), ('state', campaigns.contacts.states.ErasureState['WANTED']), models.Q(('address', ''), _negated=True)), models.Q(('address', ''), ('done_at__isnull', False), ('given', ''), ('look_at__isnull', True), ('state', campaigns.contacts.states.ErasureState['DONE'])), _connector='OR'), name='contacts_erased_keeps_no_address')],
            },
        ),
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('updated_before', models.DateTimeField()),
                ('changes', models.JSONField()),
                ('contact', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='import_changes', to='contacts.contact')),
                ('contact_import', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_import_change',
                'constraints': [models.UniqueConstraint(fields=('contact_import', 'contact'), name='contacts_changed_once_by_an_import')],
            },
        ),
        migrations.CreateModel(
            name='ImportChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('contact_import', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_import_chunk',
                'constraints': [models.UniqueConstraint(fields=('contact_import', 'number'), name='contacts_one_chunk_per_number')],
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
                ('contact_import', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='traces', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_import_trace',
                'indexes': [models.Index(fields=['contact_import', 'kind', 'first_id'], name='contacts_traces_in_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [campaigns.contacts.states.TraceKind['KNOWN'], campaigns.contacts.states.TraceKind['LISTED'], campaigns.contacts.states.TraceKind['TAGGED']])), name='contacts_known_trace_kind')],
            },
        ),
        migrations.CreateModel(
            name='LiftedSuppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=8)),
                ('value', models.CharField(db_collation='C', max_length=320)),
                ('reason', models.CharField(max_length=20)),
                ('evidence', models.TextField(blank=True)),
                ('suppressed_at', models.DateTimeField()),
                ('suppressed_by', models.CharField(blank=True, max_length=254)),
                ('why', models.CharField(max_length=500)),
                ('lifted_by', models.CharField(max_length=254)),
                ('lifted_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_suppression_lifted',
                'indexes': [models.Index(fields=['workspace', '-lifted_at', '-id'], name='contacts_lifted_newest'), models.Index(fields=['workspace', 'value'], name='contacts_lifted_of')],
            },
        ),
        migrations.CreateModel(
            name='ListMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('contact', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='list_places', to='contacts.contact')),
                ('contact_list', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='contacts.contactlist')),
            ],
            options={
                'db_table': 'contacts_list_member',
                'constraints': [models.UniqueConstraint(fields=('contact_list', 'contact'), name='contacts_once_on_a_list')],
            },
        ),
        migrations.CreateModel(
            name='MailDomain',
            fields=[
                ('domain', models.CharField(db_collation='C', max_length=255, primary_key=True, serialize=False)),
                ('verdict', models.CharField(max_length=7)),
                ('reason', models.CharField(max_length=10)),
                ('hosts', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), default=list, size=None)),
                ('provider', models.CharField(blank=True, max_length=14)),
                ('checked_at', models.DateTimeField()),
                ('since', models.DateTimeField()),
                ('look_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'db_table': 'contacts_mail_domain',
                'indexes': [models.Index(condition=models.Q(('verdict', campaigns.contacts.core.mail_domains.DomainVerdict['MAIL']), _negated=True), fields=['look_at'], name='contacts_domain_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', [campaigns.contacts.core.mail_domains.DomainVerdict['MAIL'], campaigns.contacts.core.mail_domains.DomainVerdict['NO_MAIL'], campaigns.contacts.core.mail_domains.DomainVerdict['DOUBTED'], campaigns.contacts.core.mail_domains.DomainVerdict['UNKNOWN']])), name='contacts_known_domain_verdict'), models.CheckConstraint(condition=models.Q(('reason__in', [campaigns.contacts.core.mail_domains.DomainReason['MX'], campaigns.contacts.core.mail_domains.DomainReason['ADDRESS'], campaigns.contacts.core.mail_domains.DomainReason['NULL_MX'], campaigns.contacts.core.mail_domains.DomainReason['NO_SERVER'], campaigns.contacts.core.mail_domains.DomainReason['NO_DOMAIN'], campaigns.contacts.core.mail_domains.DomainReason['UNANSWERED']])), name='contacts_known_domain_reason'), models.CheckConstraint(condition=models.Q(('provider__in', ['', campaigns.contacts.core.providers.Provider['GOOGLE'], campaigns.contacts.core.providers.Provider['MICROSOFT'], campaigns.contacts.core.providers.Provider['YAHOO'], campaigns.contacts.core.providers.Provider['PROTON'], campaigns.contacts.core.providers.Provider['APPLE'], campaigns.contacts.core.providers.Provider['ZOHO'], campaigns.contacts.core.providers.Provider['FASTMAIL'], campaigns.contacts.core.providers.Provider['PROOFPOINT'], campaigns.contacts.core.providers.Provider['MIMECAST'], campaigns.contacts.core.providers.Provider['BARRACUDA'], campaigns.contacts.core.providers.Provider['CISCO'], campaigns.contacts.core.providers.Provider['SYMANTEC'], campaigns.contacts.core.providers.Provider['TREND_MICRO'], campaigns.contacts.core.providers.Provider['SOPHOS'], campaigns.contacts.core.providers.Provider['HORNETSECURITY'], campaigns.contacts.core.providers.Provider['FORCEPOINT'], campaigns.contacts.core.providers.Provider['TRELLIX'], campaigns.contacts.core.providers.Provider['CLOUDFLARE'], campaigns.contacts.core.providers.Provider['N_ABLE'], campaigns.contacts.core.providers.Provider['RETARUS'], campaigns.contacts.core.providers.Provider['OTHER']])), name='contacts_known_provider')],
            },
        ),
        migrations.CreateModel(
            name='RejectedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('cause', models.CharField(max_length=300)),
                ('original', models.TextField()),
                ('contact_import', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rejected', to='contacts.contactimport')),
            ],
            options={
                'db_table': 'contacts_rejected_row',
                'indexes': [models.Index(fields=['contact_import', 'line'], name='contacts_rejected_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Retention',
            fields=[
                ('workspace', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='retention', serialize=False, to='accounts.workspace')),
                ('idle_months', models.PositiveSmallIntegerField(null=True)),
                ('files_days', models.PositiveSmallIntegerField(null=True)),
                ('transcripts_days', models.PositiveSmallIntegerField(null=True)),
                ('transcripts_to', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'contacts_retention',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('idle_months__isnull', True), ('idle_months__gte', 1), _connector='OR'), models.Q(('files_days__isnull', True), ('files_days__gte', 1), _connector='OR'), models.Q(('transcripts_days__isnull', True), ('transcripts_days__gte', 7), _connector='OR')), name='contacts_retention_keeps_for_a_while')],
            },
        ),
        migrations.CreateModel(
            name='RetentionRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begun_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('contacts_to', models.BigIntegerField(default=0)),
                ('contacts', models.PositiveIntegerField(default=0)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('files', models.PositiveIntegerField(default=0)),
                ('transcripts', models.PositiveIntegerField(default=0)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_retention_run',
                'indexes': [models.Index(fields=['workspace', '-begun_at', '-id'], name='contacts_retention_newest')],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('where', models.CharField(max_length=4000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_segment',
                'constraints': [models.UniqueConstraint(models.F('workspace'), django.db.models.functions.text.Lower('name'), name='contacts_one_segment_per_name'), models.CheckConstraint(condition=models.Q(('where', ''), _negated=True), name='contacts_segment_says_something')],
            },
        ),
        migrations.CreateModel(
            name='SegmentUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('inner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='contacts.segment')),
                ('outer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='contacts.segment')),
            ],
            options={
                'db_table': 'contacts_segment_use',
                'constraints': [models.UniqueConstraint(fields=('outer', 'inner'), name='contacts_segment_used_once'), models.CheckConstraint(condition=models.Q(('outer', models.F('inner')), _negated=True), name='contacts_segment_not_in_itself')],
            },
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(default=campaigns.contacts.states.SuppressionScope['ADDRESS'], max_length=8)),
                ('value', models.CharField(db_collation='C', max_length=320)),
                ('reason', models.CharField(max_length=20)),
                ('evidence', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_suppression',
                'indexes': [models.Index(fields=['workspace', '-created_at', '-id'], name='contacts_suppressed_newest'), models.Index(fields=['workspace', 'reason', '-created_at', '-id'], name='contacts_suppressed_for')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'scope', 'value'), name='contacts_suppressed_once'), models.CheckConstraint(condition=models.Q(('scope__in', [campaigns.contacts.states.SuppressionScope['ADDRESS'], campaigns.contacts.states.SuppressionScope['DOMAIN'], campaigns.contacts.states.SuppressionScope['WILDCARD'], campaigns.contacts.states.SuppressionScope['ERASED']])), name='contacts_known_suppression_scope'), models.CheckConstraint(condition=models.Q(('reason__in', [campaigns.contacts.states.SuppressionReason['NO_SUCH_ADDRESS'], campaigns.contacts.states.SuppressionReason['COMPLAINED'], campaigns.contacts.states.SuppressionReason['OPTED_OUT'], campaigns.contacts.states.SuppressionReason['MANUAL'], campaigns.contacts.states.SuppressionReason['IMPORTED'], campaigns.contacts.states.SuppressionReason['ERASED'], campaigns.contacts.states.SuppressionReason['LOST_HISTORY']])), name='contacts_known_suppression_reason')],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'contacts_tag',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'name'), name='contacts_one_tag_per_name')],
            },
        ),
        migrations.CreateModel(
            name='ContactTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ('contact', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='tag_places', to='contacts.contact')),
                ('tag', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='places', to='contacts.tag')),
            ],
            options={
                'db_table': 'contacts_tag_place',
                'constraints': [models.UniqueConstraint(fields=('tag', 'contact'), name='contacts_tagged_once')],
            },
        ),
        migrations.CreateModel(
            name='BulkPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('bulk_act', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='contacts.bulkact')),
            ],
            options={
                'db_table': 'contacts_bulk_part',
                'constraints': [models.UniqueConstraint(fields=('bulk_act', 'number'), name='contacts_bulk_part_once')],
            },
        ),
        migrations.CreateModel(
            name='CheckedDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(db_collation='C', max_length=255)),
                ('address_check', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='left', to='contacts.addresscheck')),
            ],
            options={
                'db_table': 'contacts_check_domain',
                'constraints': [models.UniqueConstraint(fields=('address_check', 'domain'), name='contacts_domain_once_in_a_check')],
            },
        ),
        migrations.CreateModel(
            name='ContactEdit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('changes', models.JSONField()),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('contact', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='edits', to='contacts.contact')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'contacts_edit',
                'indexes': [models.Index(fields=['contact', '-made_at', '-id'], name='contacts_edits_of_contact')],
            },
        ),
        migrations.AddIndex(
            model_name='contactimport',
            index=models.Index(fields=['workspace', '-id'], name='contacts_import_newest'),
        ),
        migrations.AddIndex(
            model_name='contactimport',
            index=models.Index(condition=models.Q(('state__in', [campaigns.contacts.states.ImportState['UPLOADED'], campaigns.contacts.states.ImportState['QUEUED'], campaigns.contacts.states.ImportState['RUNNING'], campaigns.contacts.states.ImportState['UNDOING']])), fields=['state'], name='contacts_import_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [campaigns.contacts.states.ImportState['UPLOADED'], campaigns.contacts.states.ImportState['QUEUED'], campaigns.contacts.states.ImportState['RUNNING'], campaigns.contacts.states.ImportState['DONE'], campaigns.contacts.states.ImportState['FAILED'], campaigns.contacts.states.ImportState['CANCELLED'], campaigns.contacts.states.ImportState['UNDOING'], campaigns.contacts.states.ImportState['UNDONE']])), name='contacts_known_import_state'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('legal_basis__in', [campaigns.contacts.states.LegalBasis['UNSTATED'], campaigns.contacts.states.LegalBasis['CONSENT'], campaigns.contacts.states.LegalBasis['CONTRACT'], campaigns.contacts.states.LegalBasis['INTEREST']])), name='contacts_known_legal_basis'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('policy__in', [campaigns.contacts.states.ImportPolicy['OVERWRITE'], campaigns.contacts.states.ImportPolicy['FILL'], campaigns.contacts.states.ImportPolicy['SKIP']])), name='contacts_known_import_policy'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', (campaigns.contacts.states.ImportState['DONE'], campaigns.contacts.states.ImportState['UNDOING'], campaigns.contacts.states.ImportState['UNDONE'])), _negated=True), ('rows_read', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('rows_created'), '+', models.F('rows_updated')), '+', models.F('rows_unchanged')), '+', models.F('rows_skipped')), '+', models.F('rows_rejected'))), _connector='OR'), name='contacts_import_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', [campaigns.contacts.states.ImportState['UNDOING'], campaigns.contacts.states.ImportState['UNDONE']]), ('undo_asked_at__isnull', False)), models.Q(models.Q(('state__in', [campaigns.contacts.states.ImportState['UNDOING'], campaigns.contacts.states.ImportState['UNDONE']]), _negated=True), ('undo_asked_at__isnull', True)), _connector='OR'), name='contacts_undo_was_asked_for'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', campaigns.contacts.states.ImportState['UNDONE']), ('undone_at__isnull', False)), models.Q(models.Q(('state', campaigns.contacts.states.ImportState['UNDONE']), _negated=True), ('undone_at__isnull', True)), _connector='OR'), name='contacts_undone_has_time'),
        ),
        migrations.RunSQL(_UNCOMPRESSED, migrations.RunSQL.noop),
        migrations.RunSQL(_NEVER_CHANGES, _MAY_CHANGE),
    ]
