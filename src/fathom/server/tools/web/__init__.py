"""Search and pages of the web, as tools."""
