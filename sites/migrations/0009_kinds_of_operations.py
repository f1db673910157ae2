import json
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import sites.models.fields

STEP_CHOICES = [
    ("requested", "Requested"),
    ("queued", "Waiting for the slot to be created"),
    ("building", "Building the content"),
    ("releasing", "Running the release command"),
    ("restoring", "Putting the persistent folders back"),
    ("preparing", "Preparing the revisions"),
    ("starting", "Starting the instances"),
    ("warming", "Warming up every instance"),
    ("routes_offered", "Announcing the instances to the routers"),
    ("prepared", "Showing the preview"),
    ("switched", "Switching the host names"),
    ("withdrawn", "Taking the host names away"),
    ("routes_acknowledged", "Waiting for every router"),
    ("stopping", "Letting open requests end"),
    ("done", "Done"),
]
RENAMED = {"offered": "routes_offered", "published": "routes_acknowledged"}


def rename_steps(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Publishing is what a deployment is; routes are offered and acknowledged."""
    for model in ("Operation", "OperationStep"):
        for former, name in RENAMED.items():
            apps.get_model("sites", model).objects.filter(step=former).update(step=name)


def move_what_was_before(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One column for what asking has replaced, whatever the kind."""
    operations = apps.get_model("sites", "Operation").objects
    for operation in operations.filter(kind__in=["roll_back", "change_mode"]):
        before = {}
        if operation.mode_before:
            before["mode"] = operation.mode_before
        if operation.kept_settings:
            before["settings"] = json.loads(operation.kept_settings)
        if before:
            operations.filter(pk=operation.pk).update(before=before)


class Migration(migrations.Migration):
    needs_no_open_operations = True
    dependencies = [("sites", "0008_notices_of_accounts")]

    operations = [
        migrations.AlterField("operation", "kind", models.CharField(max_length=32)),
        migrations.AlterField(
            "operation", "step", models.CharField(choices=STEP_CHOICES, default="requested", max_length=24)
        ),
        migrations.AlterField("operationstep", "step", models.CharField(choices=STEP_CHOICES, max_length=24)),
        migrations.RunPython(rename_steps, migrations.RunPython.noop),
        migrations.AddField("operation", "before", sites.models.fields.EncryptedJSONField(default=dict)),
        migrations.RunPython(move_what_was_before, migrations.RunPython.noop),
        # The same JSON text as before, read as data
        migrations.AlterField("deletedslot", "settings", sites.models.fields.EncryptedJSONField(default=list)),
        migrations.AlterField("swap", "settings_before", sites.models.fields.EncryptedJSONField(default=list)),
        migrations.RemoveField("operation", "kept_settings"),
        migrations.RemoveField("operation", "mode_before"),
    ]
