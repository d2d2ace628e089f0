"""ASGI layers around the application: access control and the access log."""
