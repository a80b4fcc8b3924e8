"""What happened: an append-only, hash-chained log of events. It never knows what an event means."""
