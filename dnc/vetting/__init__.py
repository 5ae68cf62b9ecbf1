"""Vetting: what a list on offer is worth for a planned use, before it is bought."""

DRAWN = 200  # rows of an offer that are drawn if nobody says how many
