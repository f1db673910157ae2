"""What is sent and what is answered, as types; each answer is made from its record here."""
