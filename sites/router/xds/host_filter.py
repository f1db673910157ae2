"""The filter that finds the scope of a request: its host name in lower case, or the wildcard that stands for it.

Scope keys are compared byte by byte; host names are not, and a wildcard stands for every name with one label more. The
filter has the wildcards in its code. It comes by extension discovery, so another wildcard changes no listener.
"""

import re
from collections.abc import Iterable

from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2

from sites.router.xds.edge_headers import SCOPE_HEADER
from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.router.xds.secrets import wildcard_of

HOST_FILTER = "host-names"
_PLAIN = re.compile(r"[a-z0-9.-]+")
_CODE = """
local wild, exact = {%(wild)s}, {%(exact)s}
function envoy_on_request(handle)
  local headers = handle:headers()
  local authority = headers:get(":authority")
  if not authority then return end
  local host = authority
  if authority:find("%%u") then
    host = authority:lower()
    headers:replace(":authority", host)
  end
  local name = host:match("^[^:]*")
  local parent = name:match("^[^.]+%%.(.+)$")
  local scope = host
  if parent and wild[parent] and not exact[name] then scope = "*." .. parent end
  if scope ~= authority then
    headers:replace("%(header)s", scope)
    handle:clearRouteCache()
  end
end
"""


def host_filter(hosts: Iterable[str] = ()) -> lua_pb2.Lua:
    """The filter where these are all host names; of those below a wildcard it has to know each."""
    names = [host for host in hosts if _PLAIN.fullmatch(host.removeprefix("*."))]
    wild = {host for host in names if host.startswith("*.")}
    exact = [host for host in names if host not in wild and wildcard_of(host) in wild]
    code = _CODE % {
        "wild": _keys(host.removeprefix("*.") for host in wild),
        "exact": _keys(exact),
        "header": SCOPE_HEADER,
    }
    return lua_pb2.Lua(default_source_code=base_pb2.DataSource(inline_string=code))


def host_filter_resource(hosts: Iterable[str]) -> Resource:
    """The same for Envoy to fetch."""
    config = extension_pb2.TypedExtensionConfig(name=HOST_FILTER, typed_config=pack(host_filter(hosts)))
    return resource(Kind.FILTER, HOST_FILTER, config)


def _keys(names: Iterable[str]) -> str:
    return ",".join(f'["{name}"]=true' for name in sorted(names))
