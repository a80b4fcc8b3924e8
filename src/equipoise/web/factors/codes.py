"""One-time codes: of an authenticator app (TOTP, RFC 6238), and recovery codes on paper."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from equipoise.web.models import Account, Authenticator, RecoveryCode

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""A telephone's clock may be this many steps off (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without signs that are mistaken for another on paper (I, L, O, 0, 1)."""
_GROUPS, _GROUP = 4, 4


def new_secret() -> str:
    """A secret for an app: 160 random bits in base 32, as RFC 4226 asks."""
    return pyotp.random_base32(32)


def _box() -> Fernet:
    # the accounts' database alone opens nothing: the key is web.key, a file of its own
    key = hashlib.sha256(b"equipoise second factor|" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def sealed(secret: str) -> str:
    """The secret as it is kept."""
    return _box().encrypt(secret.encode()).decode()


def opened(kept: str) -> str | None:
    """The secret again; None where it was sealed under another key (`web.key` was lost)."""
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken:
        return None


def provisioning_address(secret: str, username: str, trial: str) -> str:
    """The `otpauth:` address an app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=f"Equipoise {trial}")


def qr_code(address: str) -> str:
    """The address as an SVG element; drawn here, so that no other host learns the secret."""
    drawn: str = segno.make(address, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=False, svgclass="qr", lineclass=None
    )
    return drawn


def matching_step(secret: str, typed: str, after: int) -> int | None:
    """The time step later than `after` whose code was typed; None where there is none."""
    now = int(time.time()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if step > after and secrets.compare_digest(totp.generate_otp(step), typed):
            return step
    return None


def code_is_right(account: Account, typed: str) -> bool:
    """Whether this is a code of the account's app, not used before, or one of its recovery codes.

    A code is spent with the look at it: the same one a second time is wrong, also at the same moment in
    another request.
    """
    plain = "".join(typed.split()).replace("-", "").upper()
    if len(plain) == 6 and plain.isascii() and plain.isdigit():
        return _app_code_is_right(account, plain)
    if len(plain) != _GROUPS * _GROUP:
        return False
    spent, _kinds = RecoveryCode.objects.filter(account=account, digest=_digest(plain)).delete()
    return spent == 1


def _app_code_is_right(account: Account, typed: str) -> bool:
    app = Authenticator.objects.filter(account=account).first()
    secret = opened(app.secret) if app is not None else None
    if app is None or secret is None:
        return False
    step = matching_step(secret, typed, app.last_step)
    if step is None:
        return False
    # of two requests with one code only one moves the step
    moved = Authenticator.objects.filter(pk=app.pk, last_step__lt=step).update(last_step=step)
    return moved == 1


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def new_recovery_codes(account: Account) -> list[str]:
    """Ten new codes, each good once; earlier ones end. Only their hashes are kept."""
    plain = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP))
        for _ in range(RECOVERY_CODES)
    ]
    with transaction.atomic():
        RecoveryCode.objects.filter(account=account).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(account=account, digest=_digest(code)) for code in plain
        )
    return [
        "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP)) for code in plain
    ]
