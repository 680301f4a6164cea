"""The agent: stands beside the instrument and publishes each scan."""
