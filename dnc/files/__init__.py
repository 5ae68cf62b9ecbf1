"""From bytes to tables, and from rows to files."""
