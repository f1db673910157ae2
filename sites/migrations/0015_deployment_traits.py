from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0014_waits_for")]

    operations = [
        migrations.AddField("deployment", "traits", models.JSONField(default=dict)),
        migrations.AddField("deletedslot", "traits", models.JSONField(default=dict)),
    ]
