"""Certificates and keys of TLS: read from uploads, checked, and issued by an authority of the installation's own."""
