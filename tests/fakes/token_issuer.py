"""An issuer of identity tokens on a port of its own, as GitHub and GitLab have one; it signs what it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

WELL_KNOWN = "/.well-known/openid-configuration"


class TokenIssuer:
    """One issuer; `answers` is what it says at each path without its query, and `asked` which paths were asked for."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    def add_key(self, name: str) -> None:
        """One key more that it signs with and tells of."""
        self.keys[name] = rsa.generate_private_key(65537, 2048)
        said = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": "RS256", "use": "sig"}
            for kid, key in self.keys.items()
        ]
        self.answers["/keys"] = {"keys": said}

    def token(self, *, kid: str = "one", **claims: Any) -> str:
        """A token of this issuer, in force for five minutes, with what `claims` says in addition or in place."""
        now = int(time.time())
        body = {"iss": self.issuer, "aud": "greenroom", "iat": now, "nbf": now, "exp": now + 300, **claims}
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, self.keys[kid], algorithm="RS256", headers={"kid": kid})


@contextmanager
def running_issuer() -> Iterator[TokenIssuer]:
    """Within it the issuer answers."""
    issuer = TokenIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            found = issuer.answers.get(self.path.partition("?")[0])
            said = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.issuer = f"http://localhost:{server.server_port}"
    issuer.answers[WELL_KNOWN] = {"issuer": issuer.issuer, "jwks_uri": f"{issuer.issuer}/keys"}
    issuer.add_key("one")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
