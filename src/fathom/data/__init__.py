"""From raw text to batches: sources, filters, token shards, packing, and a loader that resumes to the next batch."""
