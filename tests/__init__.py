"""Tests, and the generator of the README."""
