"""What every training run has: configuration, session, loop, metrics, display."""
