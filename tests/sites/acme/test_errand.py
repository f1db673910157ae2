"""The process that asks an authority: what it brings back, and that nothing holds it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sites.acme import errand
from sites.acme.shapes import Access, AcmeUnreachable, Placed, Proof, kind_for, placed_from
from sites.tls.issuing import new_key, pem_of


@contextmanager
def authority(answer: bytes, *, is_slow: bool = False) -> Iterator[str]:
    """The address of something that answers everybody so, and byte by byte if it is slow."""
    stopped = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            for piece in [answer] if not is_slow else [answer[at : at + 1] for at in range(len(answer))]:
                try:
                    self.request.sendall(piece)
                except OSError:
                    return
                if is_slow and stopped.wait(0.05):
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/dir"
        finally:
            stopped.set()
            server.shutdown()
            thread.join()


def access(directory: str) -> Access:
    return Access(directory, account_key=pem_of(new_key()))


def test_an_authority_that_answers_byte_by_byte_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "SECONDS", 3)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    with authority(head + b" " * 100000, is_slow=True) as directory:
        with pytest.raises(AcmeUnreachable, match="it did not answer within 3 s"):
            errand.place(access(directory), "www.fabrikam.example", pem_of(new_key()))


@pytest.mark.parametrize("body", [b"nonsense", b"{}"])
def test_an_answer_of_no_use_is_a_reason(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    with authority(head + b"Content-Length: %d\r\n\r\n" % len(body) + body) as directory:
        with pytest.raises(AcmeUnreachable):
            errand.place(access(directory), "www.fabrikam.example", pem_of(new_key()))


def test_an_order_is_kept_as_data() -> None:
    placed = Placed(
        "https://a.example/o", "https://a.example/f", (Proof("www.fabrikam.example", "z", "token", "value"),)
    )
    assert placed_from(placed.as_data) == placed


def test_secrets_are_not_shown_where_an_access_is_printed() -> None:
    shown = repr(Access("https://a.example", account_key="SECRET", binding_key="SECRET"))
    assert "SECRET" not in shown


def test_only_wildcards_are_proven_by_dns() -> None:
    assert [kind_for(name) for name in ("*.fabrikam.example", "www.fabrikam.example")] == ["dns-01", "http-01"]
