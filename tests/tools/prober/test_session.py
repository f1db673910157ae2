"""A person who is signed in finds out when the session is lost."""

from collections.abc import Callable

import pytest
from aiohttp import web

from tests.tools.prober.servers import HOSTS, against, page
from tools.prober.client import Client
from tools.prober.records import Trouble
from tools.prober.session import SessionClient, SignInFailed


def accounts(*, forgets_after: int) -> web.Application:
    app = web.Application()
    asked = 0

    async def form(request: web.Request) -> web.Response:
        response = web.Response(text='<input type="hidden" name="csrfmiddlewaretoken" value="t0k">')
        response.set_cookie("csrftoken", "t0k")
        return response

    async def sign_in(request: web.Request) -> web.Response:
        fields = await request.post()
        assert (fields["csrfmiddlewaretoken"], request.cookies["csrftoken"]) == ("t0k", "t0k")
        if fields["password"] != "right":
            return web.Response(text="no")
        response = web.Response(status=302, headers={"Location": "/whoami"})
        response.set_cookie("sessionid", "s1")
        return response

    async def account(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if request.cookies.get("sessionid") != "s1" or asked > forgets_after:
            return web.Response(status=302, headers={"Location": "/sign-in"})
        return page("signed in as ada")

    app.router.add_get("/sign-in", form)
    app.router.add_post("/sign-in", sign_in)
    app.router.add_get("/whoami", account)
    return app


def person(password: str) -> Callable[[tuple[str, int]], Client]:
    return lambda address: SessionClient("session 1", address, HOSTS[0], user="ada", password=password, pause_seconds=0)


def test_a_session_that_is_kept_is_good():
    records = against(accounts(forgets_after=99), person("right"))
    assert [record.trouble for record in records] == [None, None, None]


def test_a_session_that_is_lost_is_found():
    records = against(accounts(forgets_after=2), person("right"))
    assert [record.trouble for record in records] == [None, None, Trouble.SIGNED_OUT]


def test_a_person_who_cannot_sign_in_stops_the_load():
    with pytest.raises(SignInFailed, match="answered 200 to the name and password"):
        against(accounts(forgets_after=0), person("wrong"))
