from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def find_receivers(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The slot that the publication named; where that is not known, the one that holds the deployment now."""
    deployments = apps.get_model("sites", "Deployment").objects
    for deployment in deployments.select_related("operation", "workload__site", "workload__slot"):
        target = deployment.operation.target if deployment.operation else ""
        site = deployment.workload.site
        titles = {
            site.name if slot.is_production else f"{site.name} ({slot.name})": slot.pk for slot in site.slots.all()
        }
        holder = getattr(deployment.workload, "slot", None)
        slot = titles.get(target) or (holder.pk if holder else None)
        deployments.filter(pk=deployment.pk).update(slot=slot)


class Migration(migrations.Migration):
    dependencies = [("sites", "0012_periodic_job")]

    operations = [
        migrations.AddField(
            "deployment",
            "slot",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deployments",
                to="sites.slot",
            ),
        ),
        migrations.RunPython(find_receivers, migrations.RunPython.noop),
    ]
