"""Reinforcement learning: advantages and losses as pure functions, rollouts from the engine, an on-policy trainer."""
