"""Answers each request by HTTP/2 without TLS (RFC 9113, 3.3), with nothing but the standard library, and ends with a
trailer; whoever speaks HTTP/1 is shut out."""

import os
import socketserver
import struct
from typing import BinaryIO

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, ACKNOWLEDGED, END_HEADERS = 1, 1, 4
STATUS_200 = b"\x88"  # of HPACK's static table
TRAILER = b"\x00\x07x-after\x04body"  # not indexed, name and value without Huffman


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


class Handler(socketserver.StreamRequestHandler):
    rfile: BinaryIO

    def handle(self) -> None:
        if self.rfile.read(len(PREFACE)) != PREFACE:
            return
        self.wfile.write(frame(SETTINGS, 0, 0, b""))
        while len(head := self.rfile.read(9)) == 9:
            length = int.from_bytes(head[:3], "big")
            kind, flags, stream = struct.unpack("!BBI", head[3:])
            payload = self.rfile.read(length)
            if kind == SETTINGS and not flags & ACKNOWLEDGED:
                self.wfile.write(frame(SETTINGS, ACKNOWLEDGED, 0, b""))
            elif kind == PING and not flags & ACKNOWLEDGED:
                self.wfile.write(frame(PING, ACKNOWLEDGED, 0, payload))
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                self.wfile.write(
                    frame(HEADERS, END_HEADERS, stream, STATUS_200)
                    + frame(DATA, 0, stream, b"by HTTP/2")
                    + frame(HEADERS, END_HEADERS | END_STREAM, stream, TRAILER)
                )


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("", int(os.environ["PORT"])), Handler).serve_forever()
