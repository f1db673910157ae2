"""The TLS of the listener: certificates by the name that a client asks for, fetched one by one and on demand.

Its selector is envoy.tls.certificate_selectors.on_demand_secret. It asks the xDS server for a secret that is
named after the host, and pauses the handshake meanwhile. One more certificate is one more secret; no listener changes.
"""

from datetime import timedelta

from envoy.config.core.v3 import base_pb2, config_source_pb2, extension_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from google.protobuf.any_pb2 import Any

from sites.router.xds.resource import pack
from sites.router.xds.secrets import DEFAULT

HANDSHAKE_SECONDS = 10
"""Without a limit a handshake would wait for ever while the xDS server is away and the secret is not known yet."""
_EXTENSIONS = "type.googleapis.com/envoy.extensions.transport_sockets.tls."
_CUSTOM_SELECTOR = 16
"""Number of CommonTlsContext.custom_tls_certificate_selector, which xds-protos 1.85 does not know."""


def transport_socket() -> base_pb2.TransportSocket:
    """For the filter chain of TLS; HTTP/2 is offered first."""
    common = tls_pb2.CommonTlsContext(
        alpn_protocols=["h2", "http/1.1"],
        tls_params={"tls_minimum_protocol_version": common_pb2.TlsParameters.TLSv1_2},
    )
    common.MergeFromString(_field(_CUSTOM_SELECTOR, _on_demand().SerializeToString(deterministic=True)))
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=common,
        # A session that is resumed skips the choice of a certificate, also for another name
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=pack(context))


def from_ads() -> config_source_pb2.ConfigSource:
    """Where secrets come from: the xDS server, for which Envoy waits as long as it takes."""
    return config_source_pb2.ConfigSource(
        ads={}, resource_api_version=config_source_pb2.V3, initial_fetch_timeout=timedelta(0)
    )


def _on_demand() -> extension_pb2.TypedExtensionConfig:
    mapper = _extension("sni", "cert_mappers.sni.v3.SNI", _field(1, DEFAULT.encode()))
    source, names = (message.SerializeToString(deterministic=True) for message in (from_ads(), mapper))
    return _extension("on-demand", "cert_selectors.on_demand_secret.v3.Config", _field(1, source) + _field(2, names))


def _extension(name: str, message: str, content: bytes) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(
        name=name, typed_config=Any(type_url=_EXTENSIONS + message, value=content)
    )


def _field(number: int, content: bytes) -> bytes:
    """A field of a message as protobuf writes it, for messages whose classes xds-protos does not have."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    head = b""
    while value > 0x7F:
        head += bytes([value & 0x7F | 0x80])
        value >>= 7
    return head + bytes([value])
