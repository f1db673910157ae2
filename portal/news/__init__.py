"""News for open pages: what has changed for whom, looked up once for all who listen."""
