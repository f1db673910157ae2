"""OpenID Connect tokens by which pipelines show who they are.

issuers.py    what an issuer says of itself and its keys, fetched within bounds and kept for a while
tokens.py     whether a token is genuine
"""
