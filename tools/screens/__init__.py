"""One walk through every screen and state of the portal, in a browser: for its pictures, and for axe."""
