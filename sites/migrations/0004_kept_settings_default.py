from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import sites.models.fields


def tell_apart(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """An open roll-back that replaced nothing said so by an empty list, which now means that nothing was there."""
    for operation in apps.get_model("sites", "Operation").objects.filter(kind="roll_back", ended_at=None):
        if operation.kept_settings == "[]":
            operation.kept_settings = ""
            operation.save(update_fields=["kept_settings"])


class Migration(migrations.Migration):
    dependencies = [("sites", "0003_cut_and_sticky_before")]

    operations = [
        migrations.AlterField("operation", "kept_settings", sites.models.fields.EncryptedTextField(default="")),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
    ]
