"""The store: log, snapshots, own records, backup."""
