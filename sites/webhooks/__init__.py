"""How events are told to a target: where it is, what the body of its request is, and by what it knows the sender."""
