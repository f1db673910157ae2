"""What TLS costs, and what visitors over TLS feel of swaps: `./greenroom bench tls`."""
