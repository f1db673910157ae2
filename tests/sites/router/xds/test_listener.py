"""What the router answers by itself."""

import re
from dataclasses import replace

import pytest
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from sites.router.bounds import bounds
from sites.router.xds.listener import Edge, edge_listener
from sites.router.xds.proxies import Proxies
from sites.router.xds.quic import QuicListener
from sites.router.xds.tls_socket import HANDSHAKE_SECONDS


def local_replies() -> dict[str, tuple[int, dict[str, str], str]]:
    """Response flag → status, headers and page."""
    listener = listener_pb2.Listener()
    edge_listener(Edge(["127.0.0.1"], 8080, bounds(20_000), 300)).message.resource.Unpack(listener)
    manager = http_connection_manager_pb2.HttpConnectionManager()
    listener.filter_chains[0].filters[0].typed_config.Unpack(manager)
    return {
        flag: (
            mapper.status_code.value,
            {option.header.key: option.header.value for option in mapper.headers_to_add},
            mapper.body_format_override.text_format_source.inline_string,
        )
        for mapper in manager.local_reply_config.mappers
        for flag in mapper.filter.response_flag_filter.flags
    }


def test_a_site_none_of_whose_instances_is_known_to_run_is_starting() -> None:
    status, headers, page = local_replies()["UH"]
    assert (status, headers["retry-after"]) == (503, "2")
    assert "<h1>This web site is starting</h1>" in page


@pytest.mark.parametrize("flag", ["NC", "UF", "UC", "UR", "URX"])
def test_a_site_whose_instances_do_not_answer_is_worth_another_try(flag: str) -> None:
    status, headers, page = local_replies()[flag]
    assert (status, headers["retry-after"]) == (503, "2")
    assert "<h1>This web site does not answer</h1>" in page


def test_the_portal_has_a_page_of_its_own_for_the_time_that_it_is_away() -> None:
    listener = listener_pb2.Listener()
    replace(EDGE, portal_hosts=["localhost", "[::1]"]).listener.message.resource.Unpack(listener)
    manager = http_connection_manager_pb2.HttpConnectionManager()
    listener.filter_chains[0].filters[0].typed_config.Unpack(manager)
    first = manager.local_reply_config.mappers[0]
    assert "<h1>The portal does not answer</h1>" in first.body_format_override.text_format_source.inline_string
    flags, host = first.filter.and_filter.filters
    assert "UF" in flags.response_flag_filter.flags and first.status_code.value == 503
    hosts = re.compile(host.header_filter.header.string_match.safe_regex.regex)
    assert all(hosts.fullmatch(name) for name in ("localhost", "LOCALHOST:8080", "[::1]:8080"))
    assert not any(hosts.fullmatch(name) for name in ("contoso.localhost", "localhost.evil", "localhostx:80"))


def test_an_unknown_host_name_is_not() -> None:
    status, headers, page = local_replies()["NR"]
    assert (status, headers) == (404, {"cache-control": "no-store", "x-content-type-options": "nosniff"})
    assert "There is no web site at this address" in page


WWW = "www.fabrikam.example"
EDGE = Edge(["127.0.0.1", "::1"], 8080, bounds(20_000), 300)


def test_nobody_begins_a_handshake_or_a_request_without_end() -> None:
    listener = listener_pb2.Listener()
    replace(EDGE, tls_port=8443).listener.message.resource.Unpack(listener)
    assert listener.listener_filters_timeout.ToSeconds() == HANDSHAKE_SECONDS
    assert not listener.continue_on_listener_filters_timeout
    plain, tls = listener.filter_chains
    assert tls.transport_socket_connect_timeout.ToSeconds() == HANDSHAKE_SECONDS
    for chain in (plain, tls):
        manager = http_connection_manager_pb2.HttpConnectionManager()
        chain.filters[0].typed_config.Unpack(manager)
        assert 0 < manager.request_headers_timeout.ToSeconds() <= 30
        assert 0 < manager.common_http_protocol_options.idle_timeout.ToSeconds() <= 180
        assert manager.stream_idle_timeout.ToSeconds() == 300


def test_http_3_has_the_same_filters_limits_and_pages_as_tls() -> None:
    both = []
    edge = replace(EDGE, tls_port=8443, wants_http3=True)
    for made, chain in ((edge.listener, 1), (QuicListener(edge).listener(("without-name", WWW)), 0)):
        listener = listener_pb2.Listener()
        made.message.resource.Unpack(listener)
        manager = http_connection_manager_pb2.HttpConnectionManager()
        listener.filter_chains[chain].filters[-1].typed_config.Unpack(manager)
        both.append(manager)
    tcp, quic = both
    assert quic.codec_type == http_connection_manager_pb2.HttpConnectionManager.HTTP3
    quic.codec_type = tcp.codec_type
    quic.ClearField("http3_protocol_options")
    for one in both:  # the filter of requests at once, whose number differs
        del one.http_filters[1]
    assert quic == tcp
    assert listener.address.socket_address.port_value == 8443
    assert not replace(edge, proxies=Proxies(("192.0.2.1",), speak_proxy_protocol=True)).speaks_http3
    assert not replace(edge, tls_port=0).speaks_http3


def metadata(**values: object) -> Struct:
    return json_format.ParseDict(values, Struct())


def test_a_router_listens_where_its_bootstrap_file_says() -> None:
    listener = listener_pb2.Listener()
    EDGE.told_by(metadata(listen=["192.0.2.7"], port=81)).listener.message.resource.Unpack(listener)
    assert (listener.address.socket_address.address, listener.address.socket_address.port_value) == ("192.0.2.7", 81)
    assert not listener.additional_addresses
    assert EDGE.told_by(metadata()) == EDGE
    assert EDGE.told_by(metadata(port=81)).listener != EDGE.listener


@pytest.mark.parametrize(
    "values",
    [
        {"port": 0},
        {"port": 80.5},
        {"port": "80"},
        {"port": 65536},
        {"port": None},
        {"listen": []},
        {"listen": "192.0.2.7"},
        {"listen": ["example.org"]},
        {"listen": [7]},
        {"listen": [None]},
        {"listen": ["::1"] * 17},
        {"listen": {"a": 1}},
    ],
)
def test_what_is_no_place_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cannot listen|does not appear"):
        EDGE.told_by(metadata(**values))
