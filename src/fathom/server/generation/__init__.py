"""From a job to a stream of typed generation events: where the API meets the engine."""
