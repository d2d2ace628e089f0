"""R1-Zero on a laptop: a corpus of imperfect solvers, and a vocabulary of whole numbers to write it in."""
