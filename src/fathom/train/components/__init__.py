"""Parts of an update that every stage uses: expert balance, divergence checks, activation recomputation."""
