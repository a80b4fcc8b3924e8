"""Virtual participants: generated from the protocol's assumptions, played out through the one door."""
