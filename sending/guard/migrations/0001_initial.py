import django.db.models.deletion
import django.db.models.functions.datetime
import sending.guard.core
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Adoption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.CharField(max_length=254)),
                ('place', models.CharField(max_length=300)),
                ('kind', models.CharField(max_length=10)),
                ('former', models.UUIDField(null=True)),
                ('installation', models.UUIDField()),
                ('head', models.PositiveBigIntegerField()),
                ('doubts', models.PositiveIntegerField(default=0)),
                ('settled', models.PositiveIntegerField(default=0)),
                ('unknown', models.PositiveIntegerField(default=0)),
            ],
            options={
                'db_table': 'guard_adoption',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [sending.guard.core.Kind['BEHIND'], sending.guard.core.Kind['NO_ROW'], sending.guard.core.Kind['FOREIGN'], sending.guard.core.Kind['MOVED'], sending.guard.core.Kind['NO_FILE'], sending.guard.core.Kind['DAMAGED'], sending.guard.core.Kind['JOURNAL']])), name='guard_adopted_kind')],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(max_length=300)),
                ('kind', models.CharField(max_length=10)),
                ('words', models.CharField(blank=True, max_length=300)),
                ('copy_of', models.DateTimeField(null=True)),
                ('found_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('read_at', models.DateTimeField(null=True)),
                ('doubts', models.PositiveIntegerField(default=0)),
                ('settled', models.PositiveIntegerField(default=0)),
                ('unknown', models.PositiveIntegerField(default=0)),
                ('confirmed_by', models.CharField(blank=True, max_length=254)),
            ],
            options={
                'db_table': 'guard_finding',
                'constraints': [models.UniqueConstraint(fields=('place', 'kind'), name='guard_found_once'), models.CheckConstraint(condition=models.Q(('kind__in', [sending.guard.core.Kind['BEHIND'], sending.guard.core.Kind['NO_ROW'], sending.guard.core.Kind['FOREIGN'], sending.guard.core.Kind['MOVED'], sending.guard.core.Kind['NO_FILE'], sending.guard.core.Kind['DAMAGED'], sending.guard.core.Kind['JOURNAL']])), name='guard_known_kind')],
            },
        ),
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('installation', models.UUIDField()),
                ('head', models.PositiveBigIntegerField(default=0)),
                ('raised_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('is_paused', models.BooleanField(default=False)),
            ],
            options={
                'db_table': 'guard_installation',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='guard_one_installation')],
            },
        ),
        migrations.CreateModel(
            name='Stranger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=255, unique=True)),
                ('person', models.CharField(max_length=24)),
                ('written_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.workspace')),
            ],
            options={
                'db_table': 'guard_stranger',
                'indexes': [models.Index(fields=['person'], name='guard_stranger_person')],
            },
        ),
    ]
