"""Web sites, plans and settings in the words of Azure; each answer is made from its record here."""
