"""Which passages of the attached files a question needs, and how the prompt shows them."""
