"""Over TCP only a router with its own valid certificate gets anything, and strangers hold nobody up."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sites.router import authority as authority_module
from sites.router.authority import SERVER_NAME, Authority, Issued, open_authority
from sites.router.place import Place
from sites.router.roster import KnownRouter
from sites.router.xds import gate as module
from sites.router.xds import handshakes
from sites.router.xds.admission import LOCAL, Admission, Peer
from sites.router.xds.gate import Gate
from sites.router.xds.tls import ServerTls

WAIT_SECONDS = 10.0


def no_cipher(text: str) -> str:
    return text


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    return open_authority(folder / "authority.json", encrypt=no_cipher, decrypt=no_cipher)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """That of another installation."""
    return open_authority(tmp_path / "other.json", encrypt=no_cipher, decrypt=no_cipher)


class Scene:
    """A gate in front of a server that says who is there and then repeats what it gets."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        self.authority = authority
        self.admission = Admission()
        self.port = 0
        self.peers: list[str] = []
        self.gate: Gate | None = None

    def know(self, name: str, *issued: Issued, is_retired: bool = False) -> None:
        fingerprints = tuple(one.certificate.fingerprint for one in issued)
        self.admission.take([KnownRouter(name, True, is_retired, fingerprints)])

    def context(self, issued: Issued | None) -> ssl.SSLContext:
        """That of a client with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority.pem.decode())
        context.set_alpn_protocols(["h2"])
        if issued is not None:
            path = self.folder / "client.pem"
            path.write_bytes(issued.pem)
            context.load_cert_chain(path)
        return context

    async def ask(self, context: ssl.SSLContext | None, text: bytes = b"hello") -> bytes:
        """What comes back; nothing from a gate that lets nobody in."""
        options = {"ssl": context, "server_hostname": SERVER_NAME} if context else {}
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **options)
        except OSError:
            return b""
        try:
            writer.write(text)
            await writer.drain()
            async with asyncio.timeout(WAIT_SECONDS):
                return await reader.read(100)
        except OSError:
            return b""
        finally:
            writer.transport.abort()

    async def is_open(self) -> bool:
        """Whether somebody listens."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.transport.abort()
        return True

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The server behind the gate."""
        assert self.gate is not None
        raw = writer.get_extra_info("peername")
        peer = self.gate.peer(f"unix-abstract:{raw[1:].decode()}" if raw else "unix:")
        self.peers.append(peer.certificate.name if peer.certificate else "")
        while block := await reader.read(100):
            writer.write(block)
        writer.close()


@asynccontextmanager
async def standing(scene: Scene) -> AsyncIterator[Gate]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        scene.port = free.getsockname()[1]

    async def ask(name: str, peer: Peer) -> str:
        return scene.admission.refusal(name, peer)

    path = scene.folder / "x.sock"
    tls = ServerTls(scene.authority)
    scene.gate = Gate(Place("127.0.0.1", scene.port), tls, path, scene.admission, ask)
    server = await asyncio.start_unix_server(scene.answer, path)
    task = asyncio.create_task(scene.gate.serve())
    async with asyncio.timeout(WAIT_SECONDS):
        while not await scene.is_open():
            await asyncio.sleep(0.01)
    try:
        yield scene.gate
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()


@pytest.fixture
def scene(tmp_path: Path, authority: Authority) -> Scene:
    return Scene(tmp_path, authority)


def run(scene: Scene, story: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with standing(scene) as gate:
            await story(gate)

    asyncio.run(whole())


def test_a_router_reaches_the_server_which_knows_its_name(scene: Scene) -> None:
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def story(gate: Gate) -> None:
        assert await scene.ask(scene.context(issued)) == b"hello"
        assert scene.peers == ["router-2"]
        assert gate.peer("unix:") == LOCAL

    run(scene, story)


def test_a_router_that_has_gone_meanwhile_is_not_taken_for_the_machines_own(scene: Scene) -> None:
    async def story(gate: Gate) -> None:
        peer = gate.peer("unix-abstract:greenroom-router-0123")
        assert "ended its connection" in scene.admission.refusal("router-1", peer)
        assert scene.admission.refusal("router-1", LOCAL) == ""

    run(scene, story)


def expired(authority: Authority, name: str, monkeypatch: pytest.MonkeyPatch) -> Issued:
    with monkeypatch.context() as patch:
        patch.setattr(authority_module, "ROUTER_DAYS", -0.01)
        return authority.issue_router(name)


def test_nobody_else_gets_anything_and_the_next_router_does(
    scene: Scene, stranger: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = scene.authority.issue_router("router-2")
    late = expired(scene.authority, "router-2", monkeypatch)
    scene.know("router-2", own, late)
    older = scene.context(own)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    refused = {
        "plain text": None,
        "no certificate": scene.context(None),
        "of another authority": scene.context(stranger.issue_router("router-2")),
        "of the server": scene.context(scene.authority.issue_server()),
        "of a router that nobody knows": scene.context(scene.authority.issue_router("router-3")),
        "of the same name, and never given out": scene.context(scene.authority.issue_router("router-2")),
        "expired": scene.context(late),
        "an older TLS": older,
    }

    async def story(gate: Gate) -> None:
        for what, context in refused.items():
            assert await scene.ask(context, b"PRI * HTTP/2.0\r\n\r\n") == b"", what
        assert scene.peers == []
        assert await scene.ask(scene.context(own)) == b"hello"
        assert gate._strangers["without TLS 1.3 or a certificate"] == 3
        assert gate._strangers["with a certificate that is not valid here"] == 3

    run(scene, story)


def test_who_says_nothing_is_ended_and_makes_room(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "MAX_HANDSHAKES", 6)
    monkeypatch.setattr(handshakes, "MAX_PER_ADDRESS", 3)
    monkeypatch.setattr(handshakes, "MAX_PER_SECOND_PER_ADDRESS", 100)
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def story(gate: Gate) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", scene.port) for _ in range(20)]
        assert await scene.ask(scene.context(issued)) == b"hello"
        ends = [asyncio.create_task(reader.read()) for reader, _ in silent[:17]]
        done, _ = await asyncio.wait(ends, timeout=WAIT_SECONDS)
        assert len(done) == 17, "the oldest ones make room"
        assert len(gate._handshakes._under_way) <= 3
        for _, writer in silent:
            writer.transport.abort()

    run(scene, story)


def test_a_flood_of_one_address_leaves_room_for_others() -> None:
    made = handshakes.Handshakes(clock=lambda: 0.0)

    def begun(network: str, times: int) -> int:
        count = 0
        for _ in range(times):
            with suppress(handshakes.TooMany):
                made._count(network)
                count += 1
        return count

    assert begun("192.0.2.7", 1000) == handshakes.MAX_PER_SECOND_PER_ADDRESS
    assert begun("192.0.2.8", 1) == 1
    others = sum(begun(f"198.51.100.{number}", 1) for number in range(200))
    assert others + handshakes.MAX_PER_SECOND_PER_ADDRESS + 1 == handshakes.MAX_PER_SECOND
    made._clock = lambda: 1.0
    assert begun("192.0.2.7", 1) == 1


def test_a_handshake_ends_after_its_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "SECONDS", 0.2)

    async def story(gate: Gate) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(WAIT_SECONDS):
            assert await reader.read() == b""
        writer.transport.abort()

    run(scene, story)


def test_a_router_that_falls_silent_is_let_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def story(gate: Gate) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", scene.port, ssl=scene.context(issued), server_hostname=SERVER_NAME
        )
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(WAIT_SECONDS):
                await reader.readexactly(1)
        writer.transport.abort()

    run(scene, story)


def test_a_router_whose_certificate_is_revoked_is_let_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFUSED_SECONDS", 0.0)
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def story(gate: Gate) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", scene.port, ssl=scene.context(issued), server_hostname=SERVER_NAME
        )
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        scene.know("router-2", scene.authority.issue_router("router-2"))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(WAIT_SECONDS):
                await reader.readexactly(1)
        writer.transport.abort()

    run(scene, story)


def test_one_certificate_does_not_take_all_connections(scene: Scene) -> None:
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def story(gate: Gate) -> None:
        links = []
        for _ in range(module.MAX_PER_ROUTER):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", scene.port, ssl=scene.context(issued), server_hostname=SERVER_NAME
            )
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            links.append(writer)
        assert await scene.ask(scene.context(issued)) == b""
        links.pop().transport.abort()
        async with asyncio.timeout(WAIT_SECONDS):
            while await scene.ask(scene.context(issued)) != b"hello":
                await asyncio.sleep(0.05)
        for writer in links:
            writer.transport.abort()

    run(scene, story)


def test_a_port_that_is_taken_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    issued = scene.authority.issue_router("router-2")
    scene.know("router-2", issued)

    async def whole() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            scene.port = taken.getsockname()[1]

            async def ask(name: str, peer: Peer) -> str:
                return scene.admission.refusal(name, peer)

            place = Place("127.0.0.1", scene.port)
            scene.gate = Gate(place, ServerTls(scene.authority), scene.folder / "x.sock", scene.admission, ask)
            server = await asyncio.start_unix_server(scene.answer, scene.folder / "x.sock")
            task = asyncio.create_task(scene.gate.serve())
            await asyncio.sleep(0.2)
            assert not task.done()
            assert "which is tried again: Address already in use" in scene.gate.fault
        async with asyncio.timeout(WAIT_SECONDS):
            while await scene.ask(scene.context(issued)) != b"hello":
                await asyncio.sleep(0.05)
        assert scene.gate.fault == ""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()

    asyncio.run(whole())


def test_the_servers_certificate_is_renewed_for_the_next_handshakes(authority: Authority) -> None:
    tls = ServerTls(authority)
    first = tls._expires_at
    tls.renew_if_due()
    assert tls._expires_at == first
    tls._expires_at = datetime.now(UTC) + timedelta(days=1)
    tls.renew_if_due()
    assert tls._expires_at >= first


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(address: str, network: str) -> None:
    assert handshakes.network_of(address) == network


def test_a_certificate_that_expires_ends_the_admission(authority: Authority) -> None:
    admission = Admission()
    issued = authority.issue_router("router-2")
    admission.take([KnownRouter("router-2", True, False, (issued.certificate.fingerprint,))])
    assert admission.refusal("router-2", Peer("1", issued.certificate)) == ""
    over = replace(issued.certificate, expires_at=datetime.now(UTC))
    assert "has expired" in admission.refusal("router-2", Peer("1", over))
