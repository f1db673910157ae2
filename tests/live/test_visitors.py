"""Staging is not for strangers: what is said in the portal holds at the slot's own host name, whatever happens."""

from urllib.parse import urlsplit

import httpx
import pytest
from django.test import override_settings

from tests.live.stage import stage, using
from tests.live.system import System, wait_for
from tools.demo.operations import wait_for as wait_for_operation
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live

PASSWORD = "correct horse"
HTML = {"Accept": "text/html"}


def save(system: System, site: StagedSite, **typed: str) -> None:
    with system.signed_in() as portal:
        answer = portal.post(f"/sites/{site.name}/staging/visitors/", data={"addresses": "", "password": "", **typed})
        assert answer.status_code == 303, answer.text


def cookies(answer: httpx.Response) -> str:
    """The Cookie header that a browser would send from now on."""
    pairs = [said.partition(";")[0] for said in answer.headers.get_list("set-cookie")]
    return "; ".join(pair for pair in pairs if not pair.endswith(("=", '=""')))


def test_staging_is_closed_to_strangers_and_open_to_those_who_may(system: System) -> None:
    with using(system), override_settings(KEY_FILE=system.data / "secret.key"):
        site = stage(system, "visited", instances=1)
        with system.client(f"{site.name}-staging") as visitor, system.client(site.name) as beside:
            save(system, site, others="password", password=PASSWORD)
            assert visitor.get("/", headers=HTML).status_code == 401, "it holds once the portal has said so"
            typed = {"password": PASSWORD, "next": "/"}
            assert visitor.post("/.greenroom/visitors/password", data=typed | {"password": "wrong"}).status_code == 403
            let_in = visitor.post("/.greenroom/visitors/password", data=typed)
            assert let_in.status_code == 303, let_in.text
            own = {"Cookie": cookies(let_in)}
            visitor.cookies.clear()
            assert visitor.get("/", headers=own).status_code == 200

            wait_for_operation(site.request_swap())
            assert visitor.get("/").status_code == 401, "the rule stays with its slot"
            assert visitor.get("/", headers=own).status_code == 200
            assert beside.get("/").status_code == 200

            former = system.kill("guard")
            assert visitor.get("/", headers=own).status_code in (200, 503)
            assert visitor.get("/").status_code in (401, 503)
            assert beside.get("/").status_code == 200
            system.wait_for_another("guard", former, seconds=60)
            wait_for(lambda: visitor.get("/", headers=own).status_code == 200, 60, "the guard is back")

            save(system, site, others="sign-in")
            led = visitor.get("/a?b=1", headers=own | HTML)
            assert led.status_code == 302, "a pass by the password is none any more"
            wanted = urlsplit(led.headers["location"])
            with system.signed_in() as portal:
                back = urlsplit(portal.get(f"{wanted.path}?{wanted.query}").headers["location"])
            assert back.netloc == system.host(f"{site.name}-staging")
            visitor.cookies.clear()
            way = f"{back.path}?{back.query}"
            assert visitor.get(way).status_code == 403, "another browser"
            let_in = visitor.get(way, headers={"Cookie": cookies(led)})
            assert (let_in.status_code, let_in.headers["location"]) == (303, "/a?b=1")
            visitor.cookies.clear()
            assert visitor.get("/", headers={"Cookie": cookies(let_in)}).status_code == 200
            assert visitor.get("/").status_code == 401
            save(system, site, others="everybody")
            assert visitor.get("/").status_code == 200
