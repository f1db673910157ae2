"""Running revisions: the contract, its adapters and the agent."""
