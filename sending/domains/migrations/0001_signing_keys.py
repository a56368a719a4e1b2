import django.db.models.deletion
import sending.domains.states
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
            name='DomainKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253)),
                ('selector', models.CharField(max_length=63)),
                ('private_key', models.BinaryField()),
                ('state', models.CharField(default=sending.domains.states.KeyState['UNPUBLISHED'], max_length=11)),
                ('checked_at', models.DateTimeField(null=True)),
                ('found', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='domain_keys', to='accounts.workspace')),
            ],
            options={
                'db_table': 'domains_key',
                'indexes': [models.Index(models.OrderBy(models.F('checked_at'), nulls_first=True), name='domains_key_checked')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'domain'), name='domains_one_key_per_domain'), models.CheckConstraint(condition=models.Q(('state__in', [sending.domains.states.KeyState['UNPUBLISHED'], sending.domains.states.KeyState['SIGNING'], sending.domains.states.KeyState['MISSING']])), name='domains_known_key_state'), models.CheckConstraint(condition=models.Q(('state', sending.domains.states.KeyState['UNPUBLISHED']), ('checked_at__isnull', False), _connector='OR'), name='domains_state_was_looked_up')],
            },
        ),
    ]
