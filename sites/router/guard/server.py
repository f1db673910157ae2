"""The gRPC service that Envoy asks (ext_authz)."""

from collections.abc import Callable, Sequence

import grpc.aio
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import attribute_context_pb2, external_auth_pb2, external_auth_pb2_grpc
from google.rpc import code_pb2

from sites.router.guard.decision import Answer, Asked, LetIn, Verdict, decide
from sites.router.guard.keeper import Keeper
from sites.router.guard.rule import Way
from sites.router.xds.edge_headers import ADMITTED_HEADER
from sites.router.xds.guarded import ADDRESS
from sites.router.xds.pages import CONTENT_TYPE

_SET = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_PAGE = {
    "content-type": CONTENT_TYPE,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


class Guard(external_auth_pb2_grpc.AuthorizationServicer):
    """Decides from memory; it never waits but for a rule that is newer than those it has."""

    def __init__(self, keeper: Keeper, keys: Callable[[], Sequence[bytes]], portal: str) -> None:
        self._keeper = keeper
        self._keys = keys
        self._portal = portal

    async def Check(
        self, request: external_auth_pb2.CheckRequest, context: grpc.aio.ServicerContext
    ) -> external_auth_pb2.CheckResponse:
        """Whether one request is let in, and what it gets otherwise."""
        asked = request.attributes.context_extensions
        slot_id, version = int(asked["slot"]), int(asked["rule"])
        rule = await self._keeper.rule(slot_id, version)
        if rule is None or (rule.way == Way.SIGN_IN and not self._keeper.are_fresh):
            return _not_let_in()
        metadata = {name: value for name, value in context.invocation_metadata() or ()}
        address = metadata.get(ADDRESS, "")
        seen = _asked(request.attributes.request.http, address if isinstance(address, str) else "")
        return _response(slot_id, decide(rule, seen, keys=self._keys(), portal=self._portal))


def _asked(http: attribute_context_pb2.AttributeContext.HttpRequest, address: str) -> Asked:
    headers = dict(http.headers)
    return Asked(
        address=address,
        method=http.method,
        scheme=headers.get("x-forwarded-proto", "http"),
        authority=http.host.lower(),
        path=http.path or "/",
        headers=headers,
    )


def _response(slot_id: int, verdict: Verdict) -> external_auth_pb2.CheckResponse:
    if isinstance(verdict, LetIn):
        response = external_auth_pb2.CheckResponse()
        response.ok_response.headers.append(_header(ADMITTED_HEADER, str(slot_id)))
        if verdict.cookie:
            response.ok_response.headers.append(_header("cookie", verdict.cookie))
        else:
            response.ok_response.headers_to_remove.append("cookie")
        return response
    if isinstance(verdict, Answer):
        response = external_auth_pb2.CheckResponse()
        response.status.code = code_pb2.PERMISSION_DENIED
        response.denied_response.status.code = verdict.status
        response.denied_response.body = verdict.body
        response.denied_response.headers.extend(_header(*one) for one in (_PAGE | verdict.headers).items())
        return response
    return _not_let_in()


def _not_let_in() -> external_auth_pb2.CheckResponse:
    """The route that asked answers."""
    response = external_auth_pb2.CheckResponse()
    response.ok_response.SetInParent()
    return response


def _header(name: str, value: str) -> base_pb2.HeaderValueOption:
    return base_pb2.HeaderValueOption(header={"key": name, "value": value}, append_action=_SET)
