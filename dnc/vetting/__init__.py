"""Vetting: what a list on offer is worth for a planned use, before it is bought."""

DRAWN = 200  # rows of an offer that are drawn if nobody says how many
SHOWN = 0.9  # the share of a list that a draw should show to be proved, if no condition says otherwise
