from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    needs_no_open_operations = True
    dependencies = [("sites", "0009_kinds_of_operations")]

    operations = [
        migrations.RemoveIndex("operation", "sites_opera_state_5d8353_idx"),
        migrations.RemoveField("operation", "heartbeat_at"),
        migrations.AddField("operation", "losses", models.PositiveIntegerField(default=0)),
        migrations.AddField("operation", "claimed_by", models.CharField(blank=True, default="", max_length=200), False),
        migrations.AddField("operation", "claimed_at", models.DateTimeField(null=True)),
        migrations.AddField("operation", "due_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("operation", "asked_at", models.DateTimeField(null=True)),
        migrations.AddField("operation", "step_at", models.DateTimeField(db_default=Now())),
        migrations.AlterField("operation", "created_at", models.DateTimeField(db_default=Now())),
        migrations.AlterField("deployment", "received_at", models.DateTimeField(db_default=Now())),
        migrations.AddIndex("operation", models.Index(fields=["state", "due_at"], name="operation_due")),
    ]
