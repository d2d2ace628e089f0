"""The inference engine: continuous batching over a paged cache, an asyncio interface over one thread."""
