"""Envoy's two filters that hold requests: how many a slot may bring, and the question that is answered by `holds`.

Both are in every router's chain and do nothing but where a route says so. They cannot be switched off in the chain
itself: Envoy decides about that before the routes of a site are loaded, which its first request does.
"""

from datetime import timedelta
from typing import Any

from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.filters.http.local_ratelimit.v3 import local_rate_limit_pb2
from google.protobuf.any_pb2 import Any as Packed

from sites.router.bootstrap import XDS_CLUSTER
from sites.router.xds.resource import pack

HOLD, RATE = "greenroom.hold", "greenroom.hold.rate"
SITE, SLOT = "site", "slot"
HOLD_SECONDS = 60.0
"""How long a request waits for instances at most. A client that waits shorter ends it itself."""
NOT_NOW = 508
"""Status by which both filters say that a request does not wait; no visitor sees it."""
BURST, A_SECOND = 300, 50
"""Requests that a slot without instances may bring to each of its routes; what is beyond is not asked about."""
RETRIES = 20
"""Over some seconds: so long a request waits for a server that does not answer."""
_PER_CENT = {"default_value": {"numerator": 100}}


def filters() -> list[tuple[str, Packed]]:
    """By name, in their order in the chain."""
    question = ext_authz_pb2.ExtAuthz(
        transport_api_version="V3",
        grpc_service={
            "envoy_grpc": {"cluster_name": XDS_CLUSTER},
            "timeout": timedelta(seconds=HOLD_SECONDS + 10),
            # While the server is restarted, who waits goes on waiting
            "retry_policy": {
                "retry_on": "unavailable,connect-failure,reset",
                "num_retries": {"value": RETRIES},
                "retry_back_off": {"base_interval": timedelta(seconds=0.2), "max_interval": timedelta(seconds=1)},
            },
        },
        # Headers may be secrets, and none is needed
        allowed_headers={"patterns": [{"exact": ":method"}]},
        # A swap may have led the host name elsewhere meanwhile
        clear_route_cache=True,
        status_on_error={"code": NOT_NOW},
    )
    rate = local_rate_limit_pb2.LocalRateLimit(stat_prefix="hold_rate")
    return [(RATE, pack(rate)), (HOLD, pack(question))]


def off() -> dict[str, Packed]:
    """For a site's routes: no request is held, but where a route says otherwise."""
    return {HOLD: pack(ext_authz_pb2.ExtAuthzPerRoute(disabled=True))}


def on(site_id: int, slot_id: int) -> dict[str, Any]:
    """For a route whose requests are held."""
    place = {SITE: str(site_id), SLOT: str(slot_id)}
    rate = local_rate_limit_pb2.LocalRateLimit(
        stat_prefix="hold_rate",
        status={"code": NOT_NOW},
        token_bucket={
            "max_tokens": BURST,
            "tokens_per_fill": {"value": A_SECOND},
            "fill_interval": timedelta(seconds=1),
        },
        filter_enabled=_PER_CENT,
        filter_enforced=_PER_CENT,
    )
    return {
        HOLD: pack(ext_authz_pb2.ExtAuthzPerRoute(check_settings={"context_extensions": place})),
        RATE: pack(rate),
    }
