"""The lives of policies and documents, and when each is to be looked at again. Pure."""
