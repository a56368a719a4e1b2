import campaigns.sequences.states
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import sending.bounces.kinds
import sending.inbox.states
import sending.inbox.threads.states
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('accounts', '__first__'),
        ('contacts', '0001_initial'),
        ('mailboxes', '0001_initial'),
        ('outbox', '0001_initial'),
        ('planner', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('writer', models.CharField(blank=True, max_length=320)),
                ('topic', models.CharField(blank=True, max_length=32)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('address', models.CharField(blank=True, max_length=320)),
                ('subject', models.CharField(blank=True, max_length=998)),
                ('snippet', models.CharField(blank=True, max_length=160)),
                ('newest_at', models.DateTimeField()),
                ('newest_kind', models.CharField(blank=True, max_length=12)),
                ('says', models.CharField(blank=True, db_default='', max_length=13)),
                ('mails', models.PositiveIntegerField(db_default=0)),
                ('heard_at', models.DateTimeField(null=True)),
                ('written_at', models.DateTimeField(null=True)),
                ('is_talk', models.BooleanField(db_default=False)),
                ('is_unread', models.BooleanField(db_default=False)),
                ('is_awaiting', models.BooleanField(db_default=False)),
                ('state', models.CharField(db_default=sending.inbox.threads.states.ThreadState['OPEN'], default=sending.inbox.threads.states.ThreadState['OPEN'], max_length=8)),
                ('snoozed_until', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(db_default=0)),
                ('assignee', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='threads', to='contacts.contact')),
                ('enrollment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='thread', to='planner.enrollment')),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='threads', to='mailboxes.mailbox')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='threads', to='accounts.workspace')),
            ],
            options={
                'db_table': 'inbox_thread',
                'indexes': [models.Index(condition=models.Q(('is_talk', True), ('state', sending.inbox.threads.states.ThreadState['OPEN'])), fields=['workspace', '-newest_at', '-id'], name='inbox_talks'), models.Index(condition=models.Q(('is_talk', True), ('state', sending.inbox.threads.states.ThreadState['OPEN']), ('is_unread', True)), fields=['workspace', '-newest_at', '-id'], name='inbox_unread'), models.Index(condition=models.Q(('is_talk', True), ('state', sending.inbox.threads.states.ThreadState['OPEN']), ('is_awaiting', True)), fields=['workspace', '-newest_at', '-id'], name='inbox_awaiting'), models.Index(condition=models.Q(('assignee__isnull', False), ('state', sending.inbox.threads.states.ThreadState['OPEN'])), fields=['assignee', 'workspace', '-newest_at', '-id'], name='inbox_mine'), models.Index(condition=models.Q(('state', sending.inbox.threads.states.ThreadState['SNOOZED'])), fields=['workspace', '-newest_at', '-id'], name='inbox_snoozed'), models.Index(condition=models.Q(('state', sending.inbox.threads.states.ThreadState['DONE'])), fields=['workspace', '-newest_at', '-id'], name='inbox_done'), models.Index(condition=models.Q(('is_talk', False), ('state', sending.inbox.threads.states.ThreadState['OPEN'])), fields=['workspace', '-newest_at', '-id'], name='inbox_machines'), models.Index(condition=models.Q(('state', sending.inbox.threads.states.ThreadState['SNOOZED'])), fields=['snoozed_until'], name='inbox_waking'), models.Index(fields=['mailbox', 'writer', 'topic'], name='inbox_of_writer'), models.Index(fields=['contact', '-newest_at'], name='inbox_threads_of_contact')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [sending.inbox.threads.states.ThreadState['OPEN'], sending.inbox.threads.states.ThreadState['SNOOZED'], sending.inbox.threads.states.ThreadState['DONE']])), name='inbox_known_thread_state'), models.CheckConstraint(condition=models.Q(models.Q(('snoozed_until__isnull', False), ('state', sending.inbox.threads.states.ThreadState['SNOOZED'])), models.Q(models.Q(('state', sending.inbox.threads.states.ThreadState['SNOOZED']), _negated=True), ('snoozed_until__isnull', True)), _connector='OR'), name='inbox_snoozed_has_end'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', False), ('state', sending.inbox.threads.states.ThreadState['DONE'])), models.Q(models.Q(('state', sending.inbox.threads.states.ThreadState['DONE']), _negated=True), ('done_at__isnull', True)), _connector='OR'), name='inbox_done_has_time')],
            },
        ),
        migrations.CreateModel(
            name='InboundMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_key', models.CharField(max_length=64)),
                ('message_id', models.CharField(blank=True, max_length=998)),
                ('from_name', models.CharField(blank=True, max_length=200)),
                ('from_address', models.CharField(blank=True, max_length=320)),
                ('subject', models.CharField(blank=True, max_length=998)),
                ('text', models.TextField(blank=True)),
                ('raw', models.BinaryField()),
                ('truncated', models.BooleanField(default=False)),
                ('is_back_fill', models.BooleanField(db_default=False, default=False)),
                ('received_at', models.DateTimeField()),
                ('stored_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(max_length=12)),
                ('category', models.CharField(blank=True, max_length=20)),
                ('evidence', models.JSONField(default=list)),
                ('matched_by', models.CharField(blank=True, max_length=20)),
                ('followed', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('suggested_words', models.CharField(blank=True, db_default='', default='', max_length=300)),
                ('seen_at', models.DateTimeField(null=True)),
                ('guess', models.CharField(blank=True, db_default='', default='', max_length=13)),
                ('guess_is_certain', models.BooleanField(db_default=False, default=False)),
                ('named_address', models.CharField(blank=True, db_default='', default='', max_length=320)),
                ('again_on', models.DateField(null=True)),
                ('label', models.CharField(blank=True, db_default='', default='', max_length=13)),
                ('labelled_at', models.DateTimeField(null=True)),
                ('answers', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='answers', to='outbox.outboundmessage')),
                ('contact', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='inbound', to='contacts.contact')),
                ('enrollment', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='inbound', to='planner.enrollment')),
                ('labelled_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='inbound', to='mailboxes.mailbox')),
                ('suggested', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='outbox.outboundmessage')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
                ('thread', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='messages', to='inbox.thread')),
            ],
            options={
                'db_table': 'inbox_message',
                'indexes': [models.Index(fields=['workspace', '-received_at', '-id'], name='inbox_newest'), models.Index(fields=['workspace', 'kind', '-received_at', '-id'], name='inbox_of_kind'), models.Index(fields=['contact', '-received_at'], name='inbox_of_contact'), models.Index(fields=['enrollment', 'kind'], name='inbox_of_enrollment'), models.Index(condition=models.Q(('suggested__isnull', False)), fields=['suggested'], name='inbox_suggestions'), models.Index(fields=['answers', 'kind'], name='inbox_answers'), models.Index(fields=['thread', '-received_at', '-id'], name='inbox_of_thread'), django.contrib.postgres.indexes.HashIndex(condition=models.Q(('message_id', ''), _negated=True), fields=['message_id'], name='inbox_by_message_id')],
                'constraints': [models.UniqueConstraint(fields=('mailbox', 'content_key'), name='inbox_each_mail_once'), models.CheckConstraint(condition=models.Q(('kind__in', [sending.bounces.kinds.Kind['HUMAN_REPLY'], sending.bounces.kinds.Kind['AUTO_REPLY'], sending.bounces.kinds.Kind['BOUNCE'], sending.bounces.kinds.Kind['DELAYED'], sending.bounces.kinds.Kind['DELIVERED'], sending.bounces.kinds.Kind['COMPLAINT'], sending.bounces.kinds.Kind['OPT_OUT'], sending.bounces.kinds.Kind['OTHER']])), name='inbox_known_kind'), models.CheckConstraint(condition=models.Q(models.Q(('label', ''), ('labelled_at__isnull', True)), models.Q(('label__in', [campaigns.sequences.states.ReplyClass['POSITIVE'], campaigns.sequences.states.ReplyClass['NEUTRAL'], campaigns.sequences.states.ReplyClass['NEGATIVE'], campaigns.sequences.states.ReplyClass['REFERRAL'], campaigns.sequences.states.ReplyClass['NOT_NOW'], campaigns.sequences.states.ReplyClass['OPT_OUT'], campaigns.sequences.states.ReplyClass['OUT_OF_OFFICE'], campaigns.sequences.states.ReplyClass['OTHER']]), ('labelled_at__isnull', False)), _connector='OR'), name='inbox_known_label'), models.CheckConstraint(condition=models.Q(('guess', ''), ('guess__in', [campaigns.sequences.states.ReplyClass['POSITIVE'], campaigns.sequences.states.ReplyClass['NEUTRAL'], campaigns.sequences.states.ReplyClass['NEGATIVE'], campaigns.sequences.states.ReplyClass['REFERRAL'], campaigns.sequences.states.ReplyClass['NOT_NOW'], campaigns.sequences.states.ReplyClass['OPT_OUT'], campaigns.sequences.states.ReplyClass['OUT_OF_OFFICE'], campaigns.sequences.states.ReplyClass['OTHER']]), _connector='OR'), name='inbox_known_guess')],
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='thread_labels', to='accounts.workspace')),
            ],
            options={
                'db_table': 'inbox_label',
                'constraints': [models.UniqueConstraint(models.F('workspace'), django.db.models.functions.text.Lower('name'), name='inbox_label_once')],
            },
        ),
        migrations.CreateModel(
            name='LabelChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(blank=True, max_length=13)),
                ('after', models.CharField(blank=True, max_length=13)),
                ('rule', models.CharField(blank=True, max_length=40)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_changes', to='inbox.inboundmessage')),
            ],
            options={
                'db_table': 'inbox_label_change',
                'indexes': [models.Index(condition=models.Q(('rule', ''), _negated=True), fields=['rule', '-id'], name='inbox_corrected_rules')],
            },
        ),
        migrations.CreateModel(
            name='MailboxSync',
            fields=[
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='sync', serialize=False, to='mailboxes.mailbox')),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('planned_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('synced_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('listener', models.UUIDField(null=True)),
                ('listened_since', models.DateTimeField(null=True)),
                ('deaf_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'inbox_sync',
                'indexes': [models.Index(fields=['next_at'], name='inbox_sync_next')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('listened_since__isnull', True), ('listener__isnull', True)), models.Q(('lease_until__isnull', False), ('listened_since__isnull', False), ('listener__isnull', False)), _connector='OR'), name='inbox_listener_has_a_lease')],
            },
        ),
        migrations.CreateModel(
            name='MailFolder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('uid_validity', models.BigIntegerField(default=0)),
                ('last_uid', models.BigIntegerField(default=0)),
                ('synced_at', models.DateTimeField(null=True)),
                ('since', models.DateTimeField(null=True)),
                ('looked_back_at', models.DateTimeField(null=True)),
                ('fill_uid', models.BigIntegerField(db_default=0, default=0)),
                ('fill_end', models.BigIntegerField(null=True)),
                ('tries', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='folders', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'inbox_folder',
                'constraints': [models.UniqueConstraint(fields=('mailbox', 'name'), name='inbox_folder_once')],
            },
        ),
        migrations.CreateModel(
            name='SentSearch',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search', serialize=False, to='outbox.outboundmessage')),
                ('looks', models.PositiveSmallIntegerField(default=0)),
                ('looked_at', models.DateTimeField()),
                ('next_at', models.DateTimeField(null=True)),
                ('seen', models.CharField(max_length=10)),
            ],
            options={
                'db_table': 'inbox_sent_search',
                'constraints': [models.CheckConstraint(condition=models.Q(('seen__in', [sending.inbox.states.Seen['COPY'], sending.inbox.states.Seen['NO_COPY'], sending.inbox.states.Seen['NO_FOLDER'], sending.inbox.states.Seen['REFUSED']])), name='inbox_known_seen')],
            },
        ),
        migrations.CreateModel(
            name='SetAside',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('folder', models.CharField(max_length=255)),
                ('uid_validity', models.BigIntegerField(default=0)),
                ('uid', models.BigIntegerField(default=0)),
                ('uidl', models.CharField(blank=True, max_length=70)),
                ('raw', models.BinaryField(null=True)),
                ('truncated', models.BooleanField(default=False)),
                ('received_at', models.DateTimeField(null=True)),
                ('size', models.BigIntegerField(default=0)),
                ('is_back_fill', models.BooleanField(default=False)),
                ('reason', models.CharField(max_length=500)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('met_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tried_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('aside_at', models.DateTimeField(null=True)),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='set_aside', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'inbox_set_aside',
                'constraints': [models.UniqueConstraint(fields=('mailbox', 'key'), name='inbox_set_aside_once')],
            },
        ),
        migrations.CreateModel(
            name='ThreadWords',
            fields=[
                ('thread', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='words', serialize=False, to='inbox.thread')),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'db_table': 'inbox_thread_words',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['words'], name='inbox_words')],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('kept_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('thread', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='inbox.thread')),
            ],
            options={
                'db_table': 'inbox_draft',
                'constraints': [models.UniqueConstraint(fields=('thread', 'author'), name='inbox_draft_once')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='answer', serialize=False, to='outbox.outboundmessage')),
                ('token', models.UUIDField(unique=True)),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('overruled', models.CharField(blank=True, db_default='', max_length=500)),
                ('is_settled', models.BooleanField(db_default=False)),
                ('author', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='inbox.thread')),
            ],
            options={
                'db_table': 'inbox_answer',
                'indexes': [models.Index(condition=models.Q(('is_settled', False)), fields=['message'], name='inbox_answers_under_way')],
            },
        ),
        migrations.CreateModel(
            name='ThreadLabel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='labelled', to='inbox.label')),
                ('thread', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='labelled', to='inbox.thread')),
            ],
            options={
                'db_table': 'inbox_thread_label',
                'constraints': [models.UniqueConstraint(fields=('thread', 'label'), name='inbox_thread_label_once')],
            },
        ),
        migrations.CreateModel(
            name='ThreadNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('thread', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='inbox.thread')),
                ('written_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'inbox_thread_note',
                'indexes': [models.Index(fields=['thread', 'written_at'], name='inbox_notes_of_thread')],
            },
        ),
        migrations.CreateModel(
            name='WordRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.CharField(max_length=6)),
                ('words', models.CharField(max_length=200)),
                ('means', models.CharField(max_length=20)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'inbox_word_rule',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('workspace', 'about', 'words'), name='inbox_word_rule_once'), models.CheckConstraint(condition=models.Q(('about__in', ['bounce', 'answer'])), name='inbox_known_rule'), models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='inbox_rule_has_words')],
            },
        ),
        migrations.CreateModel(
            name='BackFill',
            fields=[
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='back_fill', serialize=False, to='mailboxes.mailbox')),
                ('days', models.PositiveSmallIntegerField()),
                ('since', models.DateTimeField()),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('taken_in', models.PositiveIntegerField(default=0)),
                ('left', models.PositiveIntegerField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'inbox_back_fill',
                'constraints': [models.CheckConstraint(condition=models.Q(('days__range', (1, 365))), name='inbox_back_fill_days')],
            },
        ),
        migrations.CreateModel(
            name='DropItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uidl', models.CharField(max_length=70)),
                ('mailbox', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drop_items', to='mailboxes.mailbox')),
            ],
            options={
                'db_table': 'inbox_drop_item',
                'constraints': [models.UniqueConstraint(fields=('mailbox', 'uidl'), name='inbox_drop_item_once')],
            },
        ),
    ]
