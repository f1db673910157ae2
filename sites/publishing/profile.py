"""A publish profile, as programs that publish to Azure's web sites read it: NAME.PublishSettings.

It has one publishProfile for each method that there is. Attributes stand in the order in which the portal of 2014 wrote
them, and the first profile is the one that such programs take.
"""

from urllib.parse import urlsplit
from xml.etree import ElementTree

METHODS = (("Zip Deploy", "ZipDeploy"),)
"""Name for people, and for programs."""


def publish_profile(
    *, name: str, user: str, password: str, publishing_address: str, site_address: str, portal_address: str
) -> bytes:
    """The XML of one slot; `name` is that of its address, contoso-staging."""
    address = urlsplit(publishing_address)
    port = address.port or (443 if address.scheme == "https" else 80)
    data = ElementTree.Element("publishData")
    for title, method in METHODS:
        profile = ElementTree.SubElement(
            data,
            "publishProfile",
            {
                "profileName": f"{name} - {title}",
                "publishMethod": method,
                "publishUrl": f"{address.hostname}:{port}",
                "userName": user,
                "userPWD": password,
                "destinationAppUrl": site_address.rstrip("/"),
                "SQLServerDBConnectionString": "",
                "mySQLDBConnectionString": "",
                "hostingProviderForumLink": "",
                "controlPanelLink": portal_address,
                "webSystem": "WebSites",
            },
        )
        ElementTree.SubElement(profile, "databases")
    ElementTree.indent(data)
    return ElementTree.tostring(data, encoding="utf-8", xml_declaration=True)
