"""What a client needs to publish to a slot: credentials, a publish profile, and whether they are for this client."""

from django.http import HttpResponse, JsonResponse

from sites.arm.asked import Asked
from sites.arm.bodies import refuse_others
from sites.arm.shapes.sites import slot_id, with_port
from sites.errors import NotOffered
from sites.models import Scope, Slot
from sites.publishing.profile import publish_profile
from sites.services import secrets
from sites.services.names import default_host, publishing_host

FORMATS = ("webdeploy", "filezilla3", "")
"""Of a publish profile, as clients ask for it; the answer has all methods that there are."""


def credentials(asked: Asked) -> HttpResponse:
    """User and password of the slot. That it was shown is recorded."""
    slot = asked.slot
    password = secrets.reveal_publishing_password(acting_user=asked.user, slot=slot)
    scheme, host = _scheme(asked), with_port(_publishing_host(slot), is_secure=asked.is_secure)
    return JsonResponse(
        {
            "id": f"{slot_id(slot)}/publishingcredentials/{slot.publishing_user}",
            "name": slot.publishing_user,
            "type": "Microsoft.Web/sites/publishingcredentials",
            "properties": {
                "name": slot.publishing_user,
                "publishingUserName": slot.publishing_user,
                "publishingPassword": password,
                "scmUri": f"{scheme}://{slot.publishing_user}:{password}@{host}",
            },
        }
    )


def profile(asked: Asked) -> HttpResponse:
    """The publish profile. Its password needs the scope administer, and is recorded; otherwise it is empty.

    `az webapp show` asks for it too, and whoever may only look is to see the rest.
    """
    refuse_others(asked.body, taken={"format"}, shown={"includeDisasterRecoveryEndpoints": False})
    if str(asked.body.get("format") or "").lower() not in FORMATS:
        raise NotOffered(what=f"a publish profile as '{str(asked.body['format'])[:40]}'; there is 'WebDeploy'")
    slot = asked.slot
    password = ""
    if asked.may(Scope.ADMINISTER):
        password = secrets.reveal_for_profile(acting_user=asked.user, slot=slot)
    beside = None if slot.is_production else slot.name
    scheme, site = _scheme(asked), with_port(default_host(slot.site.name, beside), is_secure=asked.is_secure)
    xml = publish_profile(
        name=slot.site.name if slot.is_production else f"{slot.site.name}-{slot.name}",
        user=slot.publishing_user,
        password=password,
        publishing_address=f"{scheme}://{with_port(_publishing_host(slot), is_secure=asked.is_secure)}",
        site_address=f"{scheme}://{site}",
        portal_address=asked.request.build_absolute_uri("/"),
    )
    return HttpResponse(xml, content_type="application/xml")


def policy(asked: Asked) -> HttpResponse:
    """Whether the client is to publish with the slot's password.

    A token that may not see it publishes by itself: the publishing hosts take it. FTP there is not.
    """
    way = asked.names["way"].lower()
    is_allowed = way == "scm" and asked.may(Scope.ADMINISTER)
    return JsonResponse(
        {
            "id": f"{slot_id(asked.slot)}/basicPublishingCredentialsPolicies/{way}",
            "name": way,
            "type": "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
            "properties": {"allow": is_allowed},
        }
    )


def _scheme(asked: Asked) -> str:
    return "https" if asked.is_secure else "http"


def _publishing_host(slot: Slot) -> str:
    return publishing_host(slot.site.name, None if slot.is_production else slot.name)
