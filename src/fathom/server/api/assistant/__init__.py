"""The assistant's own API under ``/api``: all that the page does, for any client."""
