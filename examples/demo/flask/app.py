"""A Flask application that can be asked in every way visitors ask, and says which version and slot answered."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response, jsonify, request
from flask_sock import Sock
from simple_websocket import Server

VERSION = (Path(__file__).parent / "VERSION").read_text().strip()
SLOT = os.environ.get("SLOT_MARK", "")
CHUNKS = [f"{VERSION} chunk {number}\n".encode() for number in range(10)]

app = Flask(__name__)
sock = Sock(app)


@app.get("/")
def index() -> Response:
    """Version and slot."""
    return jsonify(version=VERSION, slot=SLOT)


@app.post("/echo")
def echo() -> Response:
    """What was received, told by its checksum."""
    body = request.get_data()
    return jsonify(version=VERSION, slot=SLOT, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


@app.get("/slow")
def slow() -> Response:
    """Takes two seconds."""
    time.sleep(2)
    return jsonify(version=VERSION, slot=SLOT)


@app.get("/stream")
def stream() -> Response:
    """Ten pieces in about a second; their checksum is known before."""

    def pieces() -> Iterator[bytes]:
        for chunk in CHUNKS:
            yield chunk
            time.sleep(0.1)

    response = Response(pieces(), mimetype="text/plain")
    response.headers["X-Body-Sha256"] = hashlib.sha256(b"".join(CHUNKS)).hexdigest()
    return response


@sock.route("/ws")
def talk(connection: Server) -> None:
    """Answers every message with version, slot and the message."""
    while True:
        connection.send(f"{VERSION} {SLOT} {connection.receive()}")


@app.after_request
def mark(response: Response) -> Response:
    """Every answer says who gave it and what its body must be."""
    response.headers["X-Version"] = VERSION
    response.headers["X-Slot"] = SLOT
    response.headers["Cache-Control"] = "no-store"
    if not response.is_streamed:
        response.headers["X-Body-Sha256"] = hashlib.sha256(response.get_data()).hexdigest()
    return response
