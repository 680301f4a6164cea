"""One step for each layout, frozen as it was released."""
