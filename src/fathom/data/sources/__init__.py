"""Places that data are read from: files, directories, datasets of the Hugging Face hub, and generators."""
