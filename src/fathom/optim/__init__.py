"""What turns gradients into better weights: AdamW, Muon, schedules, clipping, averaging."""
