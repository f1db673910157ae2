"""Certificates: what is given at each host name, and which are issued and renewed by themselves."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.certificates import HostCertificate, describe_host
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.services import automatic_certificates

router = Router(tags=["certificates"])
OF_SLOT = "/sites/{site_name}/slots/{slot_name}/certificates"
Host = Annotated[str, Path(max_length=253, description="a host name of the slot, also `*.example.org`")]


@router.get(OF_SLOT, response=answers(200, list[HostCertificate]), auth=READ)
def list_certificates(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> list[HostCertificate]:
    """The host names of a slot, each with its certificate and how far an automatic one is."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    return [describe_host(shown) for shown in automatic_certificates.hosts_of(slot)]


@router.put(f"{OF_SLOT}/{{host}}/automatic", response=ASKED, auth=ADMINISTER)
def start_automatic_certificate(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, host: Host
) -> HttpResponse:
    """Have a certificate issued for the host name, and renewed in time."""
    user = user_of(request)
    return asked(
        request,
        lambda: automatic_certificates.start(
            acting_user=user, slot=access.get_slot(user, site_name, slot_name), name=host
        ),
    )


@router.delete(f"{OF_SLOT}/{{host}}/automatic", response=ASKED, auth=ADMINISTER)
def stop_automatic_certificate(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, host: Host
) -> HttpResponse:
    """Order none any more. The one that is given there stays until its end."""
    user = user_of(request)
    return asked(
        request,
        lambda: automatic_certificates.stop(
            acting_user=user, slot=access.get_slot(user, site_name, slot_name), name=host
        ),
    )
