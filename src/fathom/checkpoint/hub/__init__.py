"""Models by name: downloads from the Hugging Face hub, the list of recommended ones, the embedded one."""
