"""Vetting: what a list on offer is worth for a planned use, before it is bought."""
