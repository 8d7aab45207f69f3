"""The second factor: codes of an authenticator app (RFC 6238), and codes on paper for when it is lost."""

import base64
import hashlib
import hmac
import secrets
import time

import pyotp
import segno
import structlog
from cryptography.fernet import Fernet, InvalidToken
from markupsafe import Markup

from backoffice.engines import engines
from listino.settings import Settings
from listino.store.staff import StaffMember

log = structlog.get_logger("backoffice.second_factor")

STEP_SECONDS = 30
DRIFT_STEPS = (-1, 0, 1)  # clocks of telephones are half a minute off at times
RECOVERY_CODES = 10
_ISSUER = "Listino"


def new_secret() -> str:
    """A sealed secret for an authenticator app."""
    return _sealer().encrypt(pyotp.random_base32().encode()).decode()


def readable(sealed: str) -> str | None:
    """The secret as an app takes it; None where it was sealed with another SECRET_KEY."""
    try:
        return _sealer().decrypt(sealed.encode()).decode()
    except InvalidToken:
        log.warning("second_factor.sealed_with_another_key")
        return None


def picture(member: StaffMember, secret: str) -> Markup:
    """The secret as a QR code that apps photograph."""
    address = pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=_ISSUER)
    drawn = segno.make(address, error="m").svg_inline(border=3, dark="#000", light="#fff", svgclass="qr", omitsize=True)
    return Markup(drawn)  # noqa: S704  # drawn here: squares, and no text


def step_of(sealed: str, code: str) -> int | None:
    """The time step whose code it is, of those that may be shown now; None for a wrong code."""
    secret = readable(sealed)
    typed = "".join(code.split())
    if secret is None or not typed.isascii():
        return None
    totp, now = pyotp.TOTP(secret), int(time.time()) // STEP_SECONDS
    return next((now + d for d in DRIFT_STEPS if hmac.compare_digest(totp.generate_otp(now + d), typed)), None)


def recovery_codes() -> list[str]:
    """Codes of 80 bits, each for one time."""
    texts = (base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES))
    return ["-".join(text[at : at + 4] for at in range(0, 16, 4)) for text in texts]


def prove_by_app(member: StaffMember, code: str) -> bool:
    """Whether the app shows that code; it is spent now."""
    step = step_of(member.sealed_totp, code) if member.sealed_totp else None
    return step is not None and engines().store.staff.spend_step(member.email, step)


def prove_by_paper(member: StaffMember, code: str) -> bool:
    """Whether it is one of the recovery codes; it is spent now."""
    return engines().store.staff.spend_recovery_code(member.email, code.strip().lower())


def _sealer() -> Fernet:
    return Fernet(_key(engines().settings))


def _key(settings: Settings) -> bytes:
    secret = hashlib.blake2b(settings.session_secret().encode(), digest_size=32, person=b"second factor")
    return base64.urlsafe_b64encode(secret.digest())
