from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sites", "0011_failing_instances")]

    operations = [migrations.RenameModel("Beat", "PeriodicJob")]
