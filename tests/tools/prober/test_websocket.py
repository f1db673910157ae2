"""A client of a WebSocket says who answered, and finds one that is cut or handed on."""

from aiohttp import web

from tests.tools.prober.servers import HOSTS, against, application
from tools.prober.records import Trouble
from tools.prober.websocket import WebSocketClient


def test_a_web_socket_whose_time_is_over_at_once_still_says_who_answered():
    record = against(application(), lambda address: WebSocketClient("c", address, HOSTS, life_seconds=0), at_least=1)[0]
    assert (record.version, record.trouble) == ("7", None)


def test_a_web_socket_that_the_server_ends_is_cut():
    async def hang_up(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        heard = await socket.receive_str()
        await socket.send_str(f"7 production {heard}")
        await socket.close()
        return socket

    record = against(application(sockets=hang_up), lambda address: WebSocketClient("c", address, HOSTS), at_least=1)[0]
    assert (record.trouble, record.version) == (Trouble.CUT, "7")


def test_a_web_socket_that_changes_its_version_is_found():
    async def change(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for version in ("7", "8"):
            heard = await socket.receive_str()
            await socket.send_str(f"{version} production {heard}")
        await socket.receive()
        return socket

    record = against(application(sockets=change), lambda address: WebSocketClient("c", address, HOSTS), at_least=1)[0]
    assert (record.trouble, record.version) == (Trouble.MOVED, "7")
