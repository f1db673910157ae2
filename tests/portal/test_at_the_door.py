"""Refusals before any view, in the form that whoever asked can use."""

import json

import pytest
from django.conf import settings

from portal.asgi import way_of
from portal.at_the_door import refuse
from portal.middleware import PORTAL_HEADER
from sites.door.application import Takes, Way
from sites.door.head import Head
from sites.errors import BodyTooSlow, DiskFull, RequestTooLarge, ServerBusy, TooManyUploads

REFUSALS = (
    BodyTooSlow(rate="1 KB a second"),
    RequestTooLarge(limit="2.1 MB"),
    ServerBusy(what="waiting requests"),
    TooManyUploads(count=4),
    DiskFull(free="12 MB", reserve="1 GB"),
)


def head(host: str = "localhost", path: str = "/", method: str = "POST", **headers: str) -> Head:
    said = [(b"host", host.encode()), *((name.replace("_", "-").encode(), v.encode()) for name, v in headers.items())]
    return Head({"method": method, "path": path, "headers": said})


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_people_get_a_page_and_programs_json(refusal: BodyTooSlow) -> None:
    page = refuse(head(), refusal)
    text = page.body.decode()
    assert "<!doctype html>" in text and str(refusal).partition(".")[0] in text
    program = refuse(head("contoso.scm.localhost:8080"), refusal)
    assert refuse(head(path="/api/v1/sites"), refusal).body == program.body
    assert json.loads(program.body) == {"code": refusal.code, "message": str(refusal)}
    assert page.status == program.status >= 400
    for answer in (page, program):
        said = dict(answer.headers)
        assert b"default-src 'self'" in said[b"content-security-policy"]
        assert (said[b"x-content-type-options"], said[b"cache-control"]) == (b"nosniff", b"no-store")


def test_htmx_shows_it_in_the_bar() -> None:
    answer = refuse(head(hx_request="true"), REFUSALS[2])
    assert dict(answer.headers)[b"hx-retarget"] == b"#notification"
    assert dict(answer.headers)[PORTAL_HEADER.lower().encode()] == b"1"  # the scripts of the page take it
    assert answer.body.startswith(b'<div class="notification notification--failure"')


@pytest.mark.parametrize(
    ("asked", "lane", "takes"),
    [
        (head(), "portal", Takes.FORM),
        (head(method="GET"), "portal", Takes.NOTHING),
        (head(path="/sites/contoso/staging/publish/"), "portal", Takes.UPLOAD),
        (head(path="/sites/contoso/staging/publish/", method="PUT"), "portal", Takes.UPLOAD),
        (head(path="/sites/contoso/staging/publish/", method="PATCH"), "portal", Takes.NOTHING),
        (head(path="/new/custom/"), "portal", Takes.UPLOAD),
        (head(path="/sites/contoso/staging/configure/"), "portal", Takes.FORM),
        (head(path="/api/zipdeploy"), "portal", Takes.NOTHING),
        (head(path="/api/v1/sites/contoso/swap"), "api", Takes.FORM),
        (head(path="/api/v1/sites/contoso/production", method="PUT"), "api", Takes.FORM),
        (head(path="/api/v1/sites/contoso/slots/staging/settings", method="PATCH"), "api", Takes.FORM),
        (head(path="/api/v1/sites/contoso", method="DELETE"), "api", Takes.NOTHING),
        (head(path="/api/v1/nowhere"), "api", Takes.NOTHING),
        (head("contoso.scm.localhost", "/api/v1/sites"), "publishing", Takes.NOTHING),
        (head("contoso.scm.localhost", "/api/zipdeploy"), "publishing", Takes.UPLOAD),
        (head("CONTOSO.scm.localhost.:8080", "/api/zipdeploy"), "publishing", Takes.UPLOAD),
        (head("contoso.scm.localhost", "/api/deployments"), "publishing", Takes.FORM),
        (head("contoso.scm.localhost", "/new/custom/"), "publishing", Takes.NOTHING),
        (head(path="/healthz", method="GET"), "health", Takes.NOTHING),
        (head(path="/sign-in/sso/"), "provider", Takes.FORM),
        (head(path="/sign-in/sso/callback/", method="GET"), "provider", Takes.NOTHING),
        (head(path="/settings/account/confirm/sso/"), "provider", Takes.FORM),
        (head(path="/sign-in/"), "portal", Takes.FORM),
        (head("contoso-staging.localhost", "/.greenroom/visitors/password"), "visitors", Takes.FORM),
        (head("contoso-staging.localhost", "/.greenroom/visitors/code", method="GET"), "visitors", Takes.NOTHING),
        (head(path="/.greenroom/visitors/password"), "portal", Takes.NOTHING),
    ],
)
def test_each_request_has_its_threads_and_uploads_are_known(asked: Head, lane: str, takes: Takes) -> None:
    assert settings.SUFFIX == "localhost"
    assert way_of(asked) == Way(lane, takes)
