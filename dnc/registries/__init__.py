"""What a registry's file says: the loader contract, and files read into sorted listings."""
