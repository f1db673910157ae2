"""What the control plane itself costs: memory, processes, starting, stopping, idling, one swap, database queries."""
