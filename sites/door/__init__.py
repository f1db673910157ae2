"""The door: HTTP in front of the portal and of publishing. Nobody who is slow or waits holds a thread here.

A request's body is received completely, under bounds, before Django sees the request. Django then works in one of a few
threads and gives its whole answer back. So a slow sender, a slow reader and a client that waits for a publication each
cost a socket and a coroutine.
"""
