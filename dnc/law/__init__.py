"""The law as data, compiled to SQL."""
