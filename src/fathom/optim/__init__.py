"""Optimizers: AdamW, Muon, learning-rate schedules, gradient clipping, weight averaging."""
