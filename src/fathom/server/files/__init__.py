"""Files that a person attaches: stored once by their content, read in a confined process, and quoted in prompts."""
