"""The OpenAI and DeepSeek dialect: what its requests and answers look like."""
