from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_accounts_by_allauth")]

    operations = [
        migrations.DeleteModel(name="SignInFailure"),
        migrations.DeleteModel(name="Passkey"),
        migrations.DeleteModel(name="RecoveryCode"),
        migrations.DeleteModel(name="TimeCode"),
    ]
