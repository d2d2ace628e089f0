"""The served model: how it is loaded, its life cycle, and the protocol of its engine."""
