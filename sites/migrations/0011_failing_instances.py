from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0010_claims")]

    operations = [
        migrations.AddField("instance", "is_failing", models.BooleanField(default=False)),
        migrations.AddField("revision", "failing_since", models.DateTimeField(null=True)),
        migrations.AddField("slotchange", "was_healthy", models.BooleanField(null=True)),
    ]
