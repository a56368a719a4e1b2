from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='mailboxclock',
            name='cold_hold_words',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
    ]
