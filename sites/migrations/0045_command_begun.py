"""Commands that run are written down as begun, so that none is begun again."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def write_down(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Whatever is open may have been begun by an older Greenroom."""
    rows = apps.get_model("sites", "OneOffCommand").objects.filter(is_open=True)
    for row in rows.annotate(asked_at=F("record__created_at")):
        rows.filter(pk=row.pk).update(begun_at=row.asked_at)


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0044_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="oneoffcommand",
            name="begun_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(write_down, migrations.RunPython.noop),
    ]
