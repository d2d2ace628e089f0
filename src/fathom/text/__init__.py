"""Text and tokens: tokenizers, chat templates, and the one conversation core. Imports without torch."""
