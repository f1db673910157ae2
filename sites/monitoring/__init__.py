"""What a slot did: what its instances wrote, its requests and its figures."""
