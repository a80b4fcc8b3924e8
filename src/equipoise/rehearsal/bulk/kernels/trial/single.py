"""What is seen of an injury, in single precision: the same bits here as in NumPy."""

from __future__ import annotations

import numpy as np

from ..compiling import part

ONE, NOTHING = np.float32(1), np.float32(0)
_MIDDLE = np.float32(0.5)
_LN_2 = np.float32(0.693147180559945)
_P0, _P1, _P2 = (
    np.float32(7.0376836292e-2),
    np.float32(-1.1514610310e-1),
    np.float32(1.1676998740e-1),
)
_P3, _P4, _P5 = (
    np.float32(-1.2420140846e-1),
    np.float32(1.4249322787e-1),
    np.float32(-1.6668057665e-1),
)
_P6, _P7, _P8 = (
    np.float32(2.0000714765e-1),
    np.float32(-2.4999993993e-1),
    np.float32(3.3333331174e-1),
)
_HALF_ROOT = np.int32(0x3F3504F3)
_MANTISSA = np.int32(23)


@part
def what_is_seen(injury, state, shift, floor):
    """`cells.logarithm` of what there is of an injury, with noise and the person's own shift.

    Each step says that it has 32 bits: with the 64 that the compiler takes otherwise, half as many go into a register.
    """
    value = np.float32(max(injury, floor))
    bits = value.view(np.int32)
    exponent = np.int32(np.int32(bits - _HALF_ROOT) >> _MANTISSA)
    # the mantissa is in [√½, √2)
    mantissa = np.int32(bits - np.int32(exponent << _MANTISSA)).view(np.float32)
    t = mantissa - ONE
    square = t * t
    y = _P0
    y = y * t + _P1
    y = y * t + _P2
    y = y * t + _P3
    y = y * t + _P4
    y = y * t + _P5
    y = y * t + _P6
    y = y * t + _P7
    y = y * t + _P8
    y = y * t * square
    y = y - _MIDDLE * square
    return (t + y + np.float32(exponent) * _LN_2 + state) - shift
