from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0002_mode_before")]

    operations = [
        migrations.AddField("slotchange", "cut_count", models.PositiveIntegerField(default=0)),
        migrations.AddField("swap", "sticky_before", models.JSONField(default=list)),
        migrations.RemoveField("revision", "cut_count"),
    ]
