"""What measures and demonstrates Greenroom from outside; nothing of the product imports it."""
