from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIGURES = {"medium": (200, 3584), "large": (400, 7168)}


def note_limits(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Revisions have the limits of their site's size, as it was until now."""
    revision = apps.get_model("sites", "Revision")
    for size, (cpu_percent, memory_mb) in FIGURES.items():
        revision.objects.filter(site__instance_size=size).update(cpu_percent=cpu_percent, memory_mb=memory_mb)


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0032_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="deletedslot",
            name="own_cpu_percent",
            field=models.PositiveIntegerField(default=100),
        ),
        migrations.AddField(
            model_name="deletedslot",
            name="own_memory_mb",
            field=models.PositiveIntegerField(default=1792),
        ),
        migrations.AddField(
            model_name="revision",
            name="cpu_percent",
            field=models.PositiveIntegerField(default=100),
        ),
        migrations.AddField(
            model_name="revision",
            name="memory_mb",
            field=models.PositiveIntegerField(default=1792),
        ),
        migrations.AddField(
            model_name="site",
            name="own_cpu_percent",
            field=models.PositiveIntegerField(default=100),
        ),
        migrations.AddField(
            model_name="site",
            name="own_memory_mb",
            field=models.PositiveIntegerField(default=1792),
        ),
        migrations.AlterField(
            model_name="deletedslot",
            name="instance_size",
            field=models.CharField(
                choices=[
                    ("small", "Small (1 core, 1.75 GB memory)"),
                    ("medium", "Medium (2 cores, 3.5 GB memory)"),
                    ("large", "Large (4 cores, 7 GB memory)"),
                    ("own", "Own figures"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="site",
            name="instance_size",
            field=models.CharField(
                choices=[
                    ("small", "Small (1 core, 1.75 GB memory)"),
                    ("medium", "Medium (2 cores, 3.5 GB memory)"),
                    ("large", "Large (4 cores, 7 GB memory)"),
                    ("own", "Own figures"),
                ],
                default="small",
                max_length=16,
            ),
        ),
        migrations.RunPython(note_limits, migrations.RunPython.noop),
    ]
