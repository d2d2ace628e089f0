"""Rules that grade an answer. None of them raises, whatever a model writes, and none of them guesses in its favour."""
