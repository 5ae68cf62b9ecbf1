"""The store: ledger, snapshots, log, backup."""
