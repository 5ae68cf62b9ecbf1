"""What a list says: its columns as facts, row by row."""
