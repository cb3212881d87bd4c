"""Settings. Everything that differs between machines comes from the environment (docs/operate.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from whitenoise.compress import Compressor

from opsportal import databases, embedded, environment
from opsportal.api.enum_names import ENUM_NAMES
from opsportal.core.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.flag("OPSPORTAL_DEBUG")
SECRET_KEY = environment.text("OPSPORTAL_SECRET_KEY") or embedded.secret_key()
ALLOWED_HOSTS = environment.words("OPSPORTAL_HOSTS", "localhost,127.0.0.1,[::1]")
PUBLIC_URL = environment.text("OPSPORTAL_URL", f"http://127.0.0.1:{environment.number('PORT', 8000)}").rstrip(
    "/"
)
CSRF_TRUSTED_ORIGINS = environment.words("OPSPORTAL_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "opsportal.portal.web.errors.csrf_failed"

INSTALLED_APPS = [
    "opsportal.core.apps.CoreConfig",
    "opsportal.web.apps.WebConfig",
    "opsportal.api.apps.ApiConfig",
    "opsportal.outbox.apps.OutboxConfig",
    "opsportal.files.apps.FilesConfig",
    "opsportal.accounts.apps.AccountsConfig",
    "opsportal.catalog.apps.CatalogConfig",
    "opsportal.calendar.apps.CalendarConfig",
    "opsportal.standards.apps.StandardsConfig",
    "opsportal.obligations.apps.ObligationsConfig",
    "opsportal.approvals.apps.ApprovalsConfig",
    "opsportal.notify.apps.NotifyConfig",
    "changes.apps.ChangesConfig",
    "incidents.apps.IncidentsConfig",
    "compliance.apps.ComplianceConfig",
    "opsportal.portal.apps.PortalConfig",
    "opsportal.web.apps.OpsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "rules",
    # Last, so that its triggers are made after every other app's tables.
    "opsportal.audit.apps.AuditConfig",
]

MIDDLEWARE = [
    "opsportal.web.middleware.CorrelationMiddleware",
    "opsportal.api.health.HealthMiddleware",
    "opsportal.web.lane.MachineLaneMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "opsportal.web.middleware.DatabaseAwayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "opsportal.web.middleware.TooLargeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "opsportal.web.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "opsportal.web.middleware.RefusalMiddleware",
    "compliance.web.guests.GuestMiddleware",
    "opsportal.web.once.OnceMiddleware",
]

ROOT_URLCONF = "opsportal.urls"
WSGI_APPLICATION = "opsportal.wsgi.application"
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "opsportal.web.context.layout",
            ],
        },
    }
]

# --- data -----------------------------------------------------------------------------------------
DATABASE_URL = environment.text("DATABASE_URL")
DATABASES = {
    "default": databases.from_url(DATABASE_URL)
    if DATABASE_URL
    else databases.sqlite(embedded.database_path())
}
CACHES = {
    "default": {
        "BACKEND": "opsportal.core.cache.SteadyCache",
        "LOCATION": embedded.cache_url(),
        "KEY_PREFIX": "opsportal",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
# Attached files, by their hash. Several web servers share it by a mount.
FILES_FOLDER = environment.text("OPSPORTAL_FILES") or str(embedded.data_folder() / "files")
# The public status page: its name, and where its static copy is written.
# Where the portal puts its own daily backup, and for how many days it keeps each: "" switches it off. With a
# database of somebody else's it is off until a folder is named.
BACKUPS_FOLDER = environment.text(
    "OPSPORTAL_BACKUPS", str(embedded.data_folder() / "backups") if embedded.uses_embedded_database() else ""
)
BACKUPS_KEEP_DAYS = max(1, environment.number("OPSPORTAL_BACKUPS_KEEP_DAYS", 30))

STATUS_TITLE = environment.text("OPSPORTAL_STATUS_TITLE", "Status")
STATUS_FOLDER = environment.text("OPSPORTAL_STATUS_FOLDER") or str(embedded.data_folder() / "status")
# Sessions live in the database: a broker that is lost or flushed signs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "opsportal.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # Administrators add people; nobody types in their own address.
ACCOUNT_FORMS = {"reset_password": "opsportal.accounts.web.sign_in_forms.ResetPasswordForm"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
PASSWORD_RESET_TIMEOUT = 4 * 60 * 60
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
# The demo's people can be picked from a list on the sign-in page. Set by `make run` for its own data only.
# Whether an e-mail address alone makes somebody reachable enough to enter an on-call schedule.
OPSPORTAL_ONCALL_BY_MAIL = environment.flag("OPSPORTAL_ONCALL_BY_MAIL", default=True)
OPSPORTAL_DEMO_LOGINS = environment.flag("OPSPORTAL_DEMO_LOGINS")

# --- security -------------------------------------------------------------------------------------
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "opsportal_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "opsportal_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = False  # The proxy redirects; the API must never (a redirected POST loses its body).
BEHIND_PROXY = environment.flag("OPSPORTAL_BEHIND_PROXY")
# Where a sign-in comes from. Behind the proxy all have its address, and one who guesses would lock all out;
# what the proxy itself wrote is the last address of the header, and what a client claims stands before it.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_MAX_BYTES = environment.number("OPSPORTAL_FILE_MAX_MB", 10) * 1_000_000
FILE_UPLOAD_HANDLERS = [
    "opsportal.web.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
SILENCED_SYSTEM_CHECKS = ["security.W008"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}

# --- pages ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = ["opsportal.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = environment.text("OPSPORTAL_STATIC_ROOT") or str(BASE_DIR / "var" / "static")
STATICFILES_DIRS: list[str] = []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Nothing asks for the plain names, and source maps are read by nobody here.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
SIMPLE_HISTORY_REVERT_DISABLED = True

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "opsportal.accounts.authentication.ApiTokenAuthentication",
        "opsportal.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["opsportal.api.permissions.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["opsportal.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["opsportal.api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "opsportal.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "opsportal.api.problems.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "opsportal.api.authentication.Anonymous",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "opsportal",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Change requests, approvals, the deployment gate, obligations and standards.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": ENUM_NAMES,
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "opsportal.api.schema.add_problem_component",
        "opsportal.api.schema.add_updated_since",
    ],
}

# --- sending --------------------------------------------------------------------------------------
# Threads of one tick that send: a receiver that lets us wait for 10 s leaves the others at work. A worker
# that is killed repeats at most one message of each.
SENDING_HANDS = max(1, environment.number("OPSPORTAL_SENDING_HANDS", 4))

# --- mail -----------------------------------------------------------------------------------------
# Without a mail server, mail is kept as files in the data folder: nothing is lost, nothing fails.
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = embedded.data_folder() / "mail"
EMAIL_PORT = environment.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "opsportal@localhost")
# What was read goes from the inbox after so many days, and what nobody ever read after so many.
KEEP_READ_DAYS = environment.number("OPSPORTAL_KEEP_READ_DAYS", 90)
KEEP_UNREAD_DAYS = environment.number("OPSPORTAL_KEEP_UNREAD_DAYS", 365)
# The ledger of pages: who was paged, by which ways, and what came of each attempt.
KEEP_PAGES_DAYS = environment.number("OPSPORTAL_KEEP_PAGES_DAYS", 400)

# --- calls to others ------------------------------------------------------------------------------
# What people name as a receiver may lie on the internet, and inside these networks of one's own.
OUTBOUND_NETWORKS = environment.networks("OPSPORTAL_OUTBOUND_NETWORKS")
OUTBOUND_SECONDS = 10.0
# What reaches people beside e-mail. Without its settings a way is not offered (docs/notifications.md).
SLACK_BOT_TOKEN = environment.text("SLACK_BOT_TOKEN")
SLACK_SIGNING_SECRET = environment.text("SLACK_SIGNING_SECRET")
SLACK_API = environment.text("SLACK_API", "https://slack.com/api").rstrip("/")
TWILIO_ACCOUNT_SID = environment.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = environment.text("TWILIO_AUTH_TOKEN")
TWILIO_FROM = environment.text("TWILIO_FROM")
TWILIO_VOICE_FROM = environment.text("TWILIO_VOICE_FROM")
TWILIO_API = environment.text("TWILIO_API", "https://api.twilio.com").rstrip("/")
PUSHOVER_TOKEN = environment.text("PUSHOVER_TOKEN")
PUSHOVER_API = environment.text("PUSHOVER_API", "https://api.pushover.net").rstrip("/")
NTFY_URL = environment.text("NTFY_URL").rstrip("/")
NTFY_TOKEN = environment.text("NTFY_TOKEN")
PAGERDUTY_EVENTS = environment.text("PAGERDUTY_EVENTS", "https://events.pagerduty.com").rstrip("/")

# --- background work ------------------------------------------------------------------------------
CELERY_BROKER_URL = embedded.broker_url()
# A message is a wake-up that comes again with the next tick, so the worker acknowledges nothing to the
# broker: an acknowledgement by a connection that was lost meanwhile would end the whole worker (kombu 5.7).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "ack_emulation": False,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 120
CELERY_TIMEZONE = "UTC"
# The worker drops a tick that waited for two minutes: later ones do its work. Not sooner, since the clocks of
# the machines that send and run it may differ, and a tick that counts as too old at once would never run.
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    name: {"task": name, "schedule": seconds, "options": {"expires": 120}}
    for name, seconds in {
        "outbox.dispatch": 2,
        "outbox.prune": 600,
        "incidents.escalate": 2,
        "incidents.escalation_watch": 15,
        "incidents.respond": 2,
        "obligations.tick": 10,
        "obligations.standard_review": 600,
        "catalog.keys": 600,
        "changes.break_glass": 5,
        "changes.meetings": 60,
        "changes.recount": 120,
        "notify.deliver": 3,
        "notify.digest": 30,
        "notify.watch": 60,
        "notify.prune": 600,
        "notify.reach": 3600,
        "files.sweep": 3600,
        "incidents.route_alerts": 2,
        "incidents.heartbeat_checks": 5,
        "incidents.silences": 30,
        "incidents.status_mail": 5,
        "incidents.status_copy": 5,
        "incidents.status_prune": 3600,
        "incidents.runbook_links": 300,
        "compliance.cadences": 300,
        "compliance.governance": 300,
        "compliance.conformance": 300,
        "compliance.snapshots": 3600,
        "compliance.pull": 15,
        "compliance.own_recovery": 3600,
        "compliance.monthly_report": 600,
        "incidents.roster": 60,
        "compliance.exceptions": 60,
        "compliance.signatures": 300,
        "compliance.document_links": 300,
    }.items()
}

LOGGING_CONFIG = None
logging_config(level=environment.text("OPSPORTAL_LOG_LEVEL", "INFO"))
