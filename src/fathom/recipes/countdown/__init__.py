"""Countdown on a laptop: the corpus, problems and tokenizer of the R1-Zero recipes."""
