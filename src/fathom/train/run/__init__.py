"""Parts of every training run: configuration, session, metrics, display, export."""
