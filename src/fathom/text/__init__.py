"""Text and tokens: tokenizers, chat templates, and the conversation core. Imports without torch."""
