"""Domain names of a slot, its uploaded certificates, and how visitors come in by HTTPS."""

import base64

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Status

from sites import access
from sites.api.asking import ASKED, asked, made, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import Page, Pages, SiteName, SlotName, answers, page_of
from sites.api.shapes.domains import (
    CertificateShown,
    DomainShown,
    NewCertificate,
    NewDomain,
    NewTls,
    TlsShown,
    describe_certificate,
    describe_domain,
    describe_tls,
)
from sites.errors import CertificateRefused, SettingRefused
from sites.models import Operation
from sites.services import certificates, domains

router = Router(tags=["domain names and TLS"])
SLOT = "/sites/{site_name}/slots/{slot_name}"
UPLOADED = f"{SLOT}/certificates/uploaded"
Number = Path(..., ge=1, le=2**63 - 1)


@router.get(f"{SLOT}/domains", response=answers(200, Page[DomainShown]), auth=READ)
def list_domains(request: HttpRequest, site_name: SiteName, slot_name: SlotName, paging: Pages) -> Page[DomainShown]:
    """The names that the slot claims, with what proves them."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    rows, figures = page_of(slot.custom_domains.select_related("slot__site__subscription"), paging)
    return Page[DomainShown](items=[describe_domain(one) for one in rows], **figures)


@router.post(f"{SLOT}/domains", response=answers(201, DomainShown), auth=ADMINISTER)
def add_domain(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName, body: NewDomain
) -> Status[DomainShown]:
    """Claim a name. The slot answers there once one of the two records was found."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    number = made(request, response, lambda: str(domains.add_domain(acting_user=user, slot=slot, text=body.name).pk))
    return Status(201, describe_domain(domains.domain_of(slot, int(number))))


@router.post(f"{SLOT}/domains/{{number}}/check", response=answers(202, DomainShown), auth=ADMINISTER)
def check_domain(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, number: int = Number
) -> Status[DomainShown]:
    """Have the records looked up again soon."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    domains.look_again(acting_user=user, slot=slot, number=number)
    return Status(202, describe_domain(slot.custom_domains.get(pk=number)))


@router.delete(f"{SLOT}/domains/{{number}}", response=ASKED, auth=ADMINISTER)
def remove_domain(request: HttpRequest, site_name: SiteName, slot_name: SlotName, number: int = Number) -> HttpResponse:
    """Give a name up: the slot no longer answers there."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    return asked(request, lambda: domains.remove_domain(acting_user=user, slot=slot, number=number))


@router.get(UPLOADED, response=answers(200, Page[CertificateShown]), auth=READ)
def list_uploaded_certificates(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, paging: Pages
) -> Page[CertificateShown]:
    """The certificates that people or programs uploaded; the first one ends first."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    rows, figures = page_of(slot.certificates.all(), paging)
    return Page[CertificateShown](items=[describe_certificate(one) for one in rows], **figures)


@router.post(UPLOADED, response=answers(201, CertificateShown), auth=ADMINISTER)
def upload_certificate(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName, body: NewCertificate
) -> Status[CertificateShown]:
    """Take a certificate with its key. It is given at each host name that it covers, unless a later one is."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)

    def add() -> str:
        content = _content(body)
        return str(
            certificates.add_certificate(acting_user=user, slot=slot, content=content, password=body.password).pk
        )

    found = certificates.certificate_of(slot, int(made(request, response, add)))
    return Status(201, describe_certificate(found))


@router.delete(f"{UPLOADED}/{{number}}", response=ASKED, auth=ADMINISTER)
def remove_uploaded_certificate(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, number: int = Number
) -> HttpResponse:
    """Forget a certificate and its key."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    return asked(request, lambda: certificates.remove_certificate(acting_user=user, slot=slot, number=number))


@router.get(f"{SLOT}/tls", response=answers(200, TlsShown), auth=READ)
def get_tls(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> TlsShown:
    """How visitors come in by HTTPS, and which uploaded certificate is given where."""
    return describe_tls(access.get_slot(user_of(request), site_name, slot_name))


@router.patch(f"{SLOT}/tls", response=ASKED, auth=ADMINISTER)
def change_tls(request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewTls) -> HttpResponse:
    """Change it; what is left out stays as it is."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)

    def begin() -> Operation:
        numbers = {host.name: host.pk for host in certificates.hosts_with_tls(slot)}
        strange = next((name for name in body.certificates if name not in numbers), None)
        if strange is not None:
            raise SettingRefused(
                f"'{slot.title}' has no host name '{strange[:100]}', so nothing was changed. GET …/tls lists them."
            )
        is_only, least = body.https_only, body.least_version
        return certificates.save_tls(
            acting_user=user,
            slot=slot,
            bindings={numbers[name]: number or 0 for name, number in body.certificates.items()},
            is_https_only=slot.is_https_only if is_only is None else is_only,
            refuses_tls_1_2=slot.refuses_tls_1_2 if least is None else least == "1.3",
        )

    return asked(request, begin)


def _content(body: NewCertificate) -> bytes:
    if (body.pem is None) == (body.pfx is None):
        raise CertificateRefused(reason="the request has both 'pem' and 'pfx', or neither", remedy="Send one of them.")
    if body.pem is not None:
        return body.pem.encode("utf-8", "replace")
    try:
        return base64.b64decode(body.pfx or "", validate=True)
    except ValueError:
        raise CertificateRefused(reason="'pfx' is not base64", remedy="Encode the file as base64.") from None
