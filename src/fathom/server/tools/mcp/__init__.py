"""Tools of MCP servers (https://modelcontextprotocol.io), over stdio and streamable HTTP."""
