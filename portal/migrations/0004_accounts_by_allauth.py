"""Factors of before django-allauth become its own: apps, passkeys and recovery codes go on working."""

import hashlib
import json
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from sites.models.fields import encrypt

PRESENT_VERIFIED_WITH_CREDENTIAL = AuthenticatorData.FLAG(0x45)


def take_over(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy every factor; the tables that they come from are removed by the next migration."""
    authenticators = rows(apps, "mfa", "Authenticator")
    for app in rows(apps, "portal", "TimeCode").all():
        data = {"secret": encrypt(app.secret), "last_step": app.last_step}
        authenticators.create(user_id=app.user_id, type="totp", data=data, created_at=app.created_at)
    for passkey in rows(apps, "portal", "Passkey").all():
        data = {"name": passkey.name, "credential": registration(bytes(passkey.credential))}
        authenticators.create(
            user_id=passkey.user_id,
            type="webauthn",
            data=data,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
        )
    digests: dict[int, list[str]] = {}
    for code in rows(apps, "portal", "RecoveryCode").all():
        digests.setdefault(code.user_id, []).append(code.digest)
    for user_id, kept in digests.items():
        # Their texts are known to nobody: portal.accounts.codes compares what is typed by the same digest
        data = {"migrated_codes": [encrypt(digest) for digest in kept], "viewed_at": 0.1}
        authenticators.create(user_id=user_id, type="recovery_codes", data=data)


def rows(apps: Apps, label: str, name: str) -> Any:
    """The rows of a model as it was then."""
    return apps.get_model(label, name).objects


def registration(credential: bytes) -> dict[str, object]:
    """What a browser would have sent when this passkey was added; of that allauth keeps all, and needs this."""
    data = AttestedCredentialData(credential)
    relying_party = hashlib.sha256(settings.PORTAL_HOST.encode()).digest()
    made = AuthenticatorData.create(relying_party, PRESENT_VERIFIED_WITH_CREDENTIAL, 0, data)
    said = json.dumps({"type": "webauthn.create", "challenge": "", "origin": settings.PORTAL_URL}).encode()
    number = websafe_encode(data.credential_id)
    response = {
        "clientDataJSON": websafe_encode(said),
        "attestationObject": websafe_encode(bytes(AttestationObject.create("none", made, {}))),
    }
    return {"id": number, "rawId": number, "type": "public-key", "response": response}


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0003_preference"),
        ("mfa", "0003_authenticator_type_uniq"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownBrowser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="known_browsers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunPython(take_over),
    ]
