"""What may happen next in a trial: commands, decisions, events, and the states they fold into.

Pure: no input or output, no clock, no randomness. `equipoise.trial` supplies all three.
"""
