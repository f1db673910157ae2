"""What the router answers by itself."""

import pytest
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from sites.router.bounds import bounds
from sites.router.xds.listener import edge_listener


def local_replies() -> dict[str, tuple[int, dict[str, str], str]]:
    """Response flag → status, headers and page."""
    listener = listener_pb2.Listener()
    edge_listener(["127.0.0.1"], 8080, bounds=bounds(20_000), silence_seconds=300).message.resource.Unpack(listener)
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


def test_an_unknown_host_name_is_not() -> None:
    status, headers, page = local_replies()["NR"]
    assert (status, headers) == (404, {"cache-control": "no-store", "x-content-type-options": "nosniff"})
    assert "There is no web site at this address" in page
