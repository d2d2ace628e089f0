"""Samples packed into rows, rows collated to batches, batches in a resumable order."""
