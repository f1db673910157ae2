"""Git repositories of web sites: git's own programs, run in a sandbox as the site's user, one run for each request."""
