"""Keep since when each wording has its share and its text.

A trigger writes it, since wordings are written in many places, and a comparison that misses one change is wrong. What
was before is not known: comparisons of what runs already begin now.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

_KEEP = """
CREATE FUNCTION sequences_keep_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (NEW.weight, NEW.version) IS DISTINCT FROM (OLD.weight, OLD.version) THEN
        INSERT INTO sequences_share_change (variant_id, weight, version) VALUES (NEW.id, NEW.weight, NEW.version);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sequences_keep_share AFTER INSERT OR UPDATE ON sequences_variant
    FOR EACH ROW EXECUTE FUNCTION sequences_keep_share();
INSERT INTO sequences_share_change (variant_id, weight, version) SELECT id, weight, version FROM sequences_variant;
"""
_FORGET = """
DROP TRIGGER sequences_keep_share ON sequences_variant;
DROP FUNCTION sequences_keep_share();
"""


class Migration(migrations.Migration):
    dependencies = [("sequences", "0004_opt_out_language")]
    operations = [
        migrations.CreateModel(
            name="ShareChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weight", models.PositiveSmallIntegerField()),
                ("version", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField(db_default=Now())),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="share_changes",
                        to="sequences.variant",
                    ),
                ),
            ],
            options={"db_table": "sequences_share_change"},
        ),
        migrations.RunSQL(_KEEP, _FORGET),
    ]
