"""One stage each, and the plug-in families. Imports `schemas`; never `pipeline`."""
