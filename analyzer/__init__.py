"""The analyzer: stores every scan, computes its numbers and publishes them."""
