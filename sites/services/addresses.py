"""Addresses and networks as people type them."""

from ipaddress import ip_network

from sites.errors import SettingRefused

MAX_ADDRESSES = 100


def networks(addresses: list[str]) -> list[str]:
    """As they are kept. Raises SettingRefused that names each that is none."""
    if len(addresses) > MAX_ADDRESSES:
        raise SettingRefused(
            f"{len(addresses)} addresses are more than the {MAX_ADDRESSES} that are possible; nothing was saved. "
            "Use networks, such as 192.0.2.0/24."
        )
    found, faults = [], []
    for text in addresses:
        try:
            found.append(str(ip_network(text.strip(), strict=False)))
        except ValueError:
            faults.append(f"'{text.strip()[:60]}'")
    if faults:
        raise SettingRefused(
            f"{', '.join(faults[:5])} cannot be read as an address or a network; nothing was saved. Write each as "
            "192.0.2.7, 192.0.2.0/24, 2001:db8::7 or 2001:db8::/32."
        )
    return list(dict.fromkeys(found))
