"""The stream by which open pages stay true."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.news import streams as module
from portal.views.news import streams
from sites.door.answer import Endless


def test_a_page_says_where_it_listens_for_what_and_as_of_when(alice: Client, contoso: object) -> None:
    listed, page = alice.get("/sites/").content.decode(), alice.get("/sites/contoso/staging/scale/").content.decode()
    assert (
        'data-news="/news/" data-frame="/news/frame/?section=sites" data-as-of="1' in listed
        and 'data-watch="*"' in listed
    )
    assert 'data-watch="contoso"' in page


def test_the_stream_is_left_to_the_door(alice: Client, browser: Callable[[User | None], Client]) -> None:
    answer = alice.get("/news/?since=nan", headers={"Last-Event-ID": "nonsense"})
    assert answer["Content-Type"] == "text/event-stream; charset=utf-8" and answer.content == b"retry: 1000\n\n"
    assert isinstance(answer.door, Endless)
    assert browser(None).get("/news/").status_code == 286, "a browser asks no more"


def test_a_page_that_watches_nothing_has_a_frame_to_ask_for(
    alice: Client, browser: Callable[[User | None], Client], contoso: object
) -> None:
    assert 'data-frame="/news/frame/?section=settings"' in alice.get("/settings/").content.decode()
    assert 'data-watch=""' in alice.get("/settings/account/").content.decode()
    frame = alice.get("/news/frame/?section=settings", headers={"X-Background": "1"}).content.decode()
    assert re.search(r'href="/settings/" aria-current="page"', frame)
    for part in ("navigation", "notification", "counter"):
        assert f'id="{part}"' in frame
    here = {"X-Background": "1", "HX-Current-URL": "http://localhost/settings/account/app/"}
    ended = browser(None).get("/news/frame/", headers=here)
    assert ended.status_code == 286 and "next=%2Fsettings%2Faccount%2Fapp%2F" in ended.content.decode()


def test_too_many_pages_of_one_person_ask_by_themselves(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OF_ONE", 0)
    assert alice.get("/news/").status_code == 204
    assert len(streams) == 0
