"""A DNS server of the tests: answers from a dictionary, says nothing, or answers with what nobody can use.

Over TCP it also takes dynamic updates (RFC 2136) of TXT records, if they are signed with its key (TSIG).
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update

SILENCE = "silence"
"""As the value of a record: the question is never answered."""
KEY_NAME, KEY = "greenroom-key.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
Records = dict[tuple[str, str], list[str]]
"""(name, type) → the values, as a zone file has them."""


class DnsServer:
    """Listens on a port of its own, on loopback; `records` may be changed meanwhile."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._socket, self._listener = _bound()
        self.address = "{}:{}".format(*self._socket.getsockname())

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

    def serve_tcp(self) -> None:
        """The same over TCP, one client after the other."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as stream:
                head = stream.read(2)
                answer = self._answer(stream.read(struct.unpack("!H", head)[0])) if len(head) == 2 else None
                if answer is not None:
                    client.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self) -> None:
        """Wake the threads and end them."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())

    def _answer(self, question: bytes) -> bytes | None:
        try:
            asked = dns.message.from_wire(question, keyring=dns.tsigkeyring.from_text({KEY_NAME: KEY}))
        except dns.tsig.BadSignature:
            refused = dns.message.make_response(dns.message.from_wire(question, keyring=False))
            refused.set_rcode(dns.rcode.REFUSED)
            return refused.to_wire()
        if isinstance(asked, dns.update.UpdateMessage):
            return self._update(asked)
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

    def _update(self, asked: dns.update.UpdateMessage) -> bytes:
        answer = dns.message.make_response(asked)
        if not asked.had_tsig:
            answer.set_rcode(dns.rcode.REFUSED)
            return answer.to_wire()
        for change in asked.update:
            key = (change.name.to_text(omit_final_dot=True), "TXT")
            values = [record.to_text() for record in change]
            present = [value for value in self.records.pop(key, []) if value not in values]
            if left := present if change.deleting is not None else present + values:
                self.records[key] = left
        return answer.to_wire()


@contextmanager
def dns_server(records: Records) -> Iterator[DnsServer]:
    """A server in a thread."""
    server = DnsServer(records)
    threads = [threading.Thread(target=serve, name="dns-server") for serve in (server.serve, server.serve_tcp)]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        server.close()
        for thread in threads:
            thread.join(5)
        server._socket.close()


def _bound() -> tuple[socket.socket, socket.socket]:
    """One port for UDP and TCP: the system gives one that is free for UDP, and others may use it for TCP."""
    while True:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        try:
            return datagrams, socket.create_server(datagrams.getsockname())
        except OSError:
            datagrams.close()
