import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0013_deployment_slot")]

    operations = [
        migrations.AddField(
            "operation",
            "waits_for",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="waiting", to="sites.operation"
            ),
        ),
    ]
