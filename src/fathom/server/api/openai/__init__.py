"""The OpenAI API with DeepSeek's additions: routes, schemas, and translation into jobs and back."""
