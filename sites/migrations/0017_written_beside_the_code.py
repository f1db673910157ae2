from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0016_deployment_traits")]

    operations = [
        migrations.AddField("instance", "written_places", models.JSONField(default=list)),
        migrations.AddField("instance", "written_more", models.PositiveIntegerField(default=0)),
    ]
