"""From planned calls to verdicts."""
