"""HTTP for unmodified clients of Azure: az, its libraries and what is built on them. Their words, our services.

authentication.py  the token endpoint at which a client exchanges an access token, and who asks
metadata.py        what `az cloud register` and sign-in libraries read before they know anybody
route.py           one address: methods, scopes, version, the body, and how refusals are answered
asked.py           one request: who asks, and which subscription, web site and slot its address names
bodies.py          what was sent, and that nothing of it is ignored in silence
waiting.py         answers for what takes time: at once with an address to look at, or once it has ended
shapes/            web sites, plans and settings in the words of Azure
views/             thin: each finds its object through sites.access and calls one service

A subscription is a subscription, a web site a site, a staging slot a slot. Each subscription has one resource group,
GROUP, and a plan for each mode. The addresses are those of Azure Resource Manager, which knows no difference between
upper and lower case.
"""

import re

GROUP = "greenroom"
"""The one resource group of each subscription."""
TENANT = "adfs"
"""The one tenant. By this name sign-in libraries know a server of its own, and do not ask Microsoft about it."""
_BEGINNING = re.compile(rf"/+(subscriptions|providers|tenants|metadata|{TENANT})(/|$)", re.IGNORECASE)


def is_arm(path: str) -> bool:
    """Whether a path on the portal's host is for clients of Azure, who show tokens and no cookies."""
    return _BEGINNING.match(path) is not None
