"""Certificates from an authority that issues them automatically (ACME, RFC 8555), and the proof by DNS.

Nothing in it knows the database. What speaks with the authority is a process of its own, which ends after a minute
whatever the authority does.
"""
