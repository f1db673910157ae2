"""The door: HTTP in front of the portal and of publishing. Clients that are slow or wait hold no thread.

The door receives the whole body of a request, under bounds, before Django sees the request. Django then works in one
of a few threads and returns its whole answer. So a slow sender, a slow reader and a client that waits for a publication
each cost a socket and a coroutine.
"""
