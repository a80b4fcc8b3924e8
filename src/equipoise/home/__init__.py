"""One installation: where its files lie, its keys, its clock, and how the ports are wired.

home/settings.json    what this home is (mode 600: a rehearsal's seed stands here)
home/protocol.yaml    the protocol, as it was activated
home/ledger.sqlite    events and projections (or in PostgreSQL, where settings.json names a database)
home/head             the signed head, apart from the database
home/checkpoints.jsonl  signed statements about the whole ledger, to be copied elsewhere
home/erasures.jsonl   which keys have been destroyed: outlives every restore
home/keys.sqlite      sealing and signing keys (a real trial only)
home/keeper.sqlite    the randomization seed and the keeper's log (a real trial only, and only where no
                      keeper in a process of its own holds them)
home/web.sqlite       accounts and sessions
home/web.json         how strict signing in is, where it is not as usual
home/oidc.json        an outside issuer whose word opens accounts that are linked with it, if any
home/replaced-…/      what a restore has put another ledger in place of
"""

from .errors import HomeError
from .home import Archive, Home, RehearsalSettings
from .storage import DatabaseSettings

__all__ = ["Archive", "DatabaseSettings", "Home", "HomeError", "RehearsalSettings"]
