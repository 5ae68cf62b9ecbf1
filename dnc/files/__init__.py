"""Reading files into tables, and writing rows to files."""
