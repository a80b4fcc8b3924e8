"""The command line. Each command lives in a module of this room and adds itself to `main`.

Modules import lightly at the top and what is heavy inside the command, so that `--help` is quick.
"""

from __future__ import annotations

from . import account as account
from . import activate as activate
from . import amend as amend
from . import analyze as analyze
from . import backup as backup
from . import calibrate as calibrate
from . import check as check
from . import checkpoint as checkpoint
from . import copy as copy
from . import database as database
from . import demo as demo
from . import design as design
from . import dictionary as dictionary
from . import diff as diff
from . import explore as explore
from . import export as export
from . import forecast as forecast
from . import keeper as keeper
from . import mistakes as mistakes
from . import new as new
from . import page as page
from . import plan as plan
from . import rehearse as rehearse
from . import report as report
from . import serve as serve
from . import simulate as simulate
from . import upgrade as upgrade
from . import verify as verify
from .app import main

__all__ = ["main"]
