"""The state of a training run on disk: atomic checkpoints and resume."""
