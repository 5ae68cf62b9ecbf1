"""What counts for a person: worked cases, played through every door, and a model that is plain enough to be believed."""
