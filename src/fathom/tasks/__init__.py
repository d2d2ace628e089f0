"""Tasks with verifiable answers: prompts, verifiers, and splits of training and held-out problems."""
