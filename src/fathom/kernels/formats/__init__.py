"""Storage formats of weights: dense ones, and blocks of numbers that share a scale."""
