"""What a list on offer is worth before it is bought."""
