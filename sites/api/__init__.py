"""HTTP for programs that do what people do in the portal: /api/v1, described by OpenAPI that is made from this code.

application.py     the API: its routes, its description, how refusals are answered
shape_faults.py    what of a request does not fit its description
authentication.py  access tokens and their scopes; cookies count for nothing
asking.py          the answer to what begins an operation: 202, Location, Idempotency-Key
waiters.py         requests that wait for operations, and how many may
shapes/            what is sent and answered, as types
routes/            thin: each finds its object through sites.access and calls one service
"""

PREFIX = "/api/v1/"
DESCRIPTION = f"{PREFIX}openapi.json"
"""It says nothing of this installation, so anybody may read it."""


def is_api(path: str) -> bool:
    """Whether a path on the portal's host is one of the API's, which takes access tokens and no cookies."""
    return path.startswith(PREFIX)
