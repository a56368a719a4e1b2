from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sequences', '0012_removed_parts'),
    ]

    operations = [
        migrations.AddField(
            model_name='variant',
            name='begun_at',
            field=models.DateTimeField(null=True),
        ),
    ]
