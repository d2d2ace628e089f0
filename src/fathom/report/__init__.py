"""The report of training runs: one HTML file, made from what the runs left on disk."""
