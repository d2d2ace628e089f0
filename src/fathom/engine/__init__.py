"""The inference engine: continuous batching over a paged cache, one thread beside an asyncio front."""
