"""Lines of commands are encrypted at rest, and the operation logs, which readers see, do not repeat them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import sites.models.fields


def encrypt_lines(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Before the column knows that it is encrypted."""
    rows = apps.get_model("sites", "OneOffCommand").objects
    for number, line in list(rows.values_list("pk", "line")):
        rows.filter(pk=number).update(line=sites.models.fields.encrypt(line))


def shorten_records(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """ "A command ended with exit code 0 in 'contoso': env" loses what follows the colon."""
    rows = apps.get_model("sites", "Operation").objects.filter(kind="command")
    for number, outcome, target in list(rows.values_list("pk", "outcome", "target")):
        said, found, _ = outcome.partition(f" in '{target}': ")
        if found:
            rows.filter(pk=number).update(outcome=f"{said} in '{target}'.")


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0045_command_begun"),
    ]

    operations = [
        migrations.RunPython(encrypt_lines, migrations.RunPython.noop),
        migrations.AlterField("oneoffcommand", "line", sites.models.fields.EncryptedTextField()),
        migrations.RunPython(shorten_records, migrations.RunPython.noop),
    ]
