"""The pages: what they show is taken from the live state, what they do is asked of others."""
