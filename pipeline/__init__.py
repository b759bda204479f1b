"""Wiring, running and explaining: from a configuration to a verdict, and from a record to what people read."""
