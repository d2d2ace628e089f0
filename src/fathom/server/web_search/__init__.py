"""Web search: providers of results, pages fetched and read within limits, and the sources of an answer."""
