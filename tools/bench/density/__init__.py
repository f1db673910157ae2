"""How much an installation holds: what idle and asked sites cost, starts of instances, the router beside bare ones."""
