import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def begin_with_the_present(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What each slot shows has been there since now: nobody knows when it came."""
    moment = timezone.now()
    shown = apps.get_model("sites", "Slot").objects.exclude(live_revision=None).values_list("pk", "live_revision_id")
    stay = apps.get_model("sites", "Stay")
    stay.objects.bulk_create(
        stay(slot_id=slot_id, revision_id=revision_id, began_at=moment) for slot_id, revision_id in shown
    )


class Migration(migrations.Migration):
    dependencies = [("sites", "0022_certificates")]

    operations = [
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stays", to="sites.revision"
                    ),
                ),
                (
                    "slot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stays", to="sites.slot"
                    ),
                ),
            ],
            options={"ordering": ["began_at", "pk"]},
        ),
        migrations.AddConstraint(
            "stay",
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(ended_at=None), name="one_present_stay_per_slot"
            ),
        ),
        migrations.RunPython(begin_with_the_present, migrations.RunPython.noop),
    ]
