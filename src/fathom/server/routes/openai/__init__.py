"""The OpenAI and DeepSeek dialect: its paths, and the translation into a generation and back."""
