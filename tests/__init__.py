"""Tests; they mirror the packages of `dnc`."""
