from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sequences", "0008_paths_and_branches")]

    operations = [
        migrations.AddField(model_name="campaign", name="starts_on", field=models.DateField(null=True)),
    ]
