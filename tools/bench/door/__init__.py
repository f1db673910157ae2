"""What clients do to others that are slow, that wait, or that are many; at the same time as honest people."""
