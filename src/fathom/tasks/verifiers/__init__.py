"""Verifiers of answers. None raises, whatever a model writes, and none guesses in its favour."""
