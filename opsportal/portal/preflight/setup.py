"""Settings: address, hosts, key, port, mail, and the other ways to reach people."""

from __future__ import annotations

import os
import smtplib
import socket
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import WARNING, run_checks

from opsportal import embedded
from opsportal.portal.preflight.finding import Finding, fail, ok, warn

KEY_LENGTH = 50
"""Characters; below it Django itself calls a key weak (security.W009)."""
_SECONDS = 3


def settings_finding() -> Finding:
    """Django's own checks for production, and debug mode."""
    if settings.DEBUG:
        return fail("settings", "debug mode is on: take OPSPORTAL_DEBUG away, it shows secrets to anybody")
    # What has a finding of its own here is not said twice.
    own = {
        "security.W004",
        "security.W009",
        "security.W012",
        "security.W016",
        "security.W020",
        "security.W021",
    }
    silenced = own | set(settings.SILENCED_SYSTEM_CHECKS)
    messages = run_checks(include_deployment_checks=True)
    serious = [one for one in messages if one.level >= WARNING and one.id not in silenced]
    if serious:
        return fail("settings", "; ".join(f"{one.id}: {one.msg}" for one in serious))
    return ok("settings", "as in production")


def address_finding() -> Finding:
    """The address that people and feeds are given."""
    parts = urlsplit(settings.PUBLIC_URL)
    if not parts.hostname:
        return fail("address", f"OPSPORTAL_URL is no address: '{settings.PUBLIC_URL}'")
    if parts.hostname in {"localhost", "127.0.0.1", "::1"}:
        return warn("address", f"{settings.PUBLIC_URL} works on this machine only; set OPSPORTAL_URL")
    if parts.scheme != "https":
        return fail(
            "address", f"{settings.PUBLIC_URL} is not https: cookies and tokens could be read on the way"
        )
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return warn("address", "https, but OPSPORTAL_BEHIND_PROXY is not set: the proxy's word is not taken")
    return ok("address", settings.PUBLIC_URL)


def hosts_finding() -> Finding:
    """The names under which requests are answered."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    if "*" in settings.ALLOWED_HOSTS:
        return fail("hosts", "OPSPORTAL_HOSTS is *: name the hosts")
    if host and host not in settings.ALLOWED_HOSTS and f"[{host}]" not in settings.ALLOWED_HOSTS:
        return fail("hosts", f"OPSPORTAL_HOSTS lacks {host}, the host of OPSPORTAL_URL")
    return ok("hosts", ", ".join(settings.ALLOWED_HOSTS))


def key_finding() -> Finding:
    """The key that signs sessions and links."""
    key = settings.SECRET_KEY
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 10:
        return fail("key", f"the secret key is weak: {KEY_LENGTH} random characters or more")
    if os.environ.get("OPSPORTAL_SECRET_KEY"):
        return ok("key", "given by OPSPORTAL_SECRET_KEY")
    if not embedded.uses_embedded_database():
        return warn(
            "key",
            "kept in the data folder: machines that share a database need the same OPSPORTAL_SECRET_KEY",
        )
    return ok("key", "kept in the data folder")


def port_finding() -> Finding:
    """The port of the web server: free, or the portal is on it."""
    port = urlsplit(f"//:{os.environ.get('PORT') or 8000}").port or 8000
    with socket.socket() as probe:
        probe.settimeout(_SECONDS)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return ok("port", f"{port} is free")
    return ok("port", f"{port} is in use; right if the portal runs, else set PORT")


def mail_finding() -> Finding:
    """The mail server, asked for a greeting."""
    if not settings.EMAIL_HOST:
        return warn(
            "mail", f"no EMAIL_HOST: mail is kept as files in {settings.EMAIL_FILE_PATH}, nobody gets it"
        )
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=_SECONDS) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return fail(
            "mail", f"{where} does not answer ({type(error).__name__}); see EMAIL_HOST and EMAIL_PORT"
        )
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        return warn("mail", f"{where} answers, but EMAIL_FROM is {settings.DEFAULT_FROM_EMAIL}")
    return ok("mail", f"{where} answers")


# Each way with all that it needs: some of it is a mistake that would show at night.
_WAYS = {
    "Slack": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    "Twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"),
    "Pushover": ("PUSHOVER_TOKEN",),
    "ntfy": ("NTFY_URL",),
}


def channels_finding() -> Finding:
    """The ways to reach people beside mail: none of them half set up."""
    half, ready = [], []
    for way, names in _WAYS.items():
        missing = [name for name in names if not getattr(settings, name)]
        if not missing:
            ready.append(way)
        elif len(missing) < len(names):
            half.append(f"{way} lacks {', '.join(missing)}")
    if settings.TWILIO_VOICE_FROM and "Twilio" not in ready:
        half.append("TWILIO_VOICE_FROM calls nobody without the rest of Twilio")
    if settings.NTFY_TOKEN and not settings.NTFY_URL:
        half.append("NTFY_TOKEN is of no use without NTFY_URL")
    if half:
        return fail("channels", "; ".join(half))
    if not ready:
        return warn("channels", "people are reached by mail alone: see docs/notifications.md")
    return ok("channels", f"mail, {', '.join(ready)}")
