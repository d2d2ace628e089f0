"""Sources of an answer: which sentence cites which, and whether what it quotes is in the source."""
