"""A real OpenID Connect provider on a port of its own: Authlib's server, with discovery, signatures, PKCE and nonces.

It wants PKCE (S256) and a nonce, knows one client and its redirect address, and signs with RS256. `spoil` lets a test
send what a broken or hostile provider would.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "greenroom", "the client's secret"
FORM = """<!doctype html><title>Provider</title><form method="post">
<label>Subject <input name="subject" id="subject"></label> <button name="answer" value="yes" id="yes">Sign in</button>
<button name="answer" value="no" id="no">Refuse</button></form>"""


@dataclass
class Person:
    """Somebody whom the provider knows."""

    sub: str
    claims: dict[str, Any] = field(default_factory=dict)


class OpenIDProvider:
    """One provider."""

    def __init__(self, redirect_address: str) -> None:
        self.redirect_address = redirect_address
        self.people: dict[str, Person] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "key 1", "use": "sig", "alg": "RS256"}, private=True)
        self.codes: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        """The parameters of each request for a sign-in."""
        self.spoil: dict[str, Callable[[Any], Any]] = {}
        """What to make of the `description`, the `claims`, the `token`, the `info` before they are sent."""
        self.issuer = ""
        self.app = _app(self)

    @contextmanager
    def running(self) -> Iterator["OpenIDProvider"]:
        """Within it the provider answers at `issuer`."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.issuer = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def say(self, what: str, value: Any) -> Any:
        """`value`, or what the test wants in its place."""
        return self.spoil.get(what, lambda same: same)(value)


class _Client(ClientMixin):
    def __init__(self, provider: OpenIDProvider) -> None:
        self.provider = provider

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.provider.redirect_address

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.provider.redirect_address

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, SECRET)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class _Code(AuthorizationCodeMixin):
    code: str
    sub: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class _Token(TokenMixin):
    sub: str
    scope: str

    def check_client(self, client: Any) -> bool:
        return True

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


def _app(provider: OpenIDProvider) -> Flask:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback
    app = Flask(__name__)
    server = AuthorizationServer(app, query_client=lambda number: _Client(provider) if number == CLIENT else None)
    server.save_token = lambda token, asked: provider.tokens.update(
        {token["access_token"]: _Token(asked.user.sub, token.get("scope", ""))}
    )
    server.register_grant(_grant(provider), [_open_id(provider), CodeChallenge(required=True)])
    protected = ResourceProtector()
    protected.register_token_validator(_validator(provider))

    @app.get("/.well-known/openid-configuration")
    def description() -> Any:
        where = provider.issuer
        told = {
            "issuer": where,
            "authorization_endpoint": f"{where}/authorize",
            "token_endpoint": f"{where}/token",
            "userinfo_endpoint": f"{where}/userinfo",
            "jwks_uri": f"{where}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return jsonify(provider.say("description", told))

    @app.get("/jwks")
    def keys() -> Any:
        return jsonify({"keys": [provider.key.as_dict(private=False)]})

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        if request.method == "GET":
            provider.asked.append(dict(request.args))
            server.get_consent_grant()  # refuses what is not well asked
            return FORM
        person = provider.people.get(request.form["subject"]) if request.form["answer"] == "yes" else None
        return server.create_authorization_response(grant_user=person, grant=server.get_consent_grant())

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    @protected()
    def user_info() -> Any:
        person = provider.people[current_token.sub]
        return jsonify(provider.say("info", {"sub": person.sub, **person.claims}))

    return app


def _grant(provider: OpenIDProvider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

        def save_authorization_code(self, code: str, asked: Any) -> None:
            data = asked.payload.data
            challenge, method = data.get("code_challenge"), data.get("code_challenge_method")
            where, scope = asked.payload.redirect_uri, asked.payload.scope
            provider.codes[code] = _Code(code, asked.user.sub, where, scope, data.get("nonce"), challenge, method)

        def query_authorization_code(self, code: str, client: Any) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: _Code) -> Person:
            return provider.people[authorization_code.sub]

    return Grant


def _open_id(provider: OpenIDProvider) -> OpenIDCode:
    class Code(OpenIDCode):
        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def generate_user_info(self, user: Person, scope: str) -> UserInfo:
            return UserInfo(sub=user.sub)

        def encode_id_token(self, token: dict[str, Any], asked: Any) -> str:
            now = int(time.time())
            claims = {"iss": provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 600, "sub": asked.user.sub}
            claims |= self.get_authorization_code_claims(asked.authorization_code)
            header = {"alg": "RS256", "kid": provider.key.kid}
            signed = jwt.encode(header, provider.say("claims", claims), provider.key, ["RS256"])
            return str(provider.say("token", signed))

    return Code(require_nonce=True)


def _validator(provider: OpenIDProvider) -> BearerTokenValidator:
    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string: str) -> _Token | None:
            return provider.tokens.get(token_string)

    return Validator()
