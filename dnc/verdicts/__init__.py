"""What the law says to the facts of a call."""
