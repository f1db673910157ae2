from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0015_router_certificates")]

    operations = [
        migrations.AddField("deployment", "traits", models.JSONField(default=dict)),
        migrations.AddField("deletedslot", "traits", models.JSONField(default=dict)),
    ]
