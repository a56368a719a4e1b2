"""Let the database no longer look up the contact and the tag of each place: see models.people.ListMember."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("contacts", "0023_undo_of_imports"),
    ]

    operations = [
        migrations.AlterField(
            model_name='contacttag',
            name='contact',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='tag_places', to='contacts.contact'),
        ),
        migrations.AlterField(
            model_name='contacttag',
            name='tag',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='places', to='contacts.tag'),
        ),
        migrations.AlterField(
            model_name='listmember',
            name='contact',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='list_places', to='contacts.contact'),
        ),
    ]
