"""What leaves the machine, as its interfaces see it."""

import ipaddress
import select
import socket
import threading

ETH_P_ALL, ETH_P_IP, ETH_P_ARP = 0x0003, 0x0800, 0x0806
INSIDE = ("lo", "room")
"""Loopback, and the host's ends of sandboxes."""
LONGEST = 65535


class Outgoing(threading.Thread):
    """Within it every packet is looked at that leaves by an interface to elsewhere; root only."""

    def __init__(self, block: str, marker: bytes) -> None:
        """Noted is what is for an address of `block`, or holds `marker`."""
        super().__init__(daemon=True)
        self._block = ipaddress.ip_network(block)
        self._marker = marker
        self._is_ended = threading.Event()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
        self.noted: list[str] = []

    def __enter__(self) -> "Outgoing":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ended.set()
        self.join()
        self._socket.close()

    def run(self) -> None:
        while not self._is_ended.is_set():
            if not select.select([self._socket], [], [], 0.1)[0]:
                continue
            packet, (interface, protocol, kind, *_) = self._socket.recvfrom(LONGEST)
            if kind == socket.PACKET_OUTGOING and not interface.startswith(INSIDE):
                self._look(interface, protocol, packet)

    def _look(self, interface: str, protocol: int, packet: bytes) -> None:
        place = {ETH_P_IP: slice(16, 20), ETH_P_ARP: slice(24, 28)}.get(protocol)
        target = ipaddress.IPv4Address(packet[place]) if place and len(packet) >= place.stop else None
        if (target is not None and target in self._block) or self._marker in packet:
            self.noted.append(f"{interface}: to {target or 'IPv6'}, {len(packet)} bytes")
