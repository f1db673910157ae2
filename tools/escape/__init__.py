"""Ways out of a sandbox, tried from inside: each attempt is a function, and what it finds is judged, not assumed.

The modules use the standard library alone, for they are laid into a site and run there (`laying.py`). `probe.py` tries
them all and answers as JSON; `serve.py` does so for each request, so that an instance can be asked.
"""
