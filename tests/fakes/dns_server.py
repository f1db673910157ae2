"""A DNS server of the tests: answers from a dictionary, says nothing, or answers with what nobody can use."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SILENCE = "silence"
"""As the value of a record: the question is never answered."""
Records = dict[tuple[str, str], list[str]]
"""(name, type) → the values, as a zone file has them."""


class DnsServer:
    """Listens on a port of its own, on loopback; `records` may be changed meanwhile."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Until the socket is shut."""
        while True:
            try:
                question, client = self._socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            answer = self._answer(question)
            if answer is not None:
                self._socket.sendto(answer, client)

    def close(self) -> None:
        """Wake the thread and end it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())

    def _answer(self, question: bytes) -> bytes | None:
        asked = dns.message.from_wire(question)
        name, kind = asked.question[0].name, asked.question[0].rdtype.name
        key = (name.to_text(omit_final_dot=True), kind)
        self.asked.append(key)
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.RA
        found = self.records.get(key)
        if found == [SILENCE]:
            return None
        if found:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        elif alias := self.records.get((key[0], "CNAME")):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
        elif not any(known == key[0] for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


@contextmanager
def dns_server(records: Records) -> Iterator[DnsServer]:
    """A server in a thread."""
    server = DnsServer(records)
    thread = threading.Thread(target=server.serve, name="dns-server")
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)
        server._socket.close()
