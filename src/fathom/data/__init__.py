"""From raw text to batches: sources, filters, samples, token shards, packing, and a resumable loader."""
