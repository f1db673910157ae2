"""How long an open page of the portal stays untrue, and what pages cost."""
