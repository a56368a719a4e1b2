"""Django's settings, composed from the typed Env; names upper rooms as strings only."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, SELF

from outreach.env import ROOT, env

ENV = env()

BASE_DIR = ROOT
SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = list(ENV.allowed_hosts)
ROOT_URLCONF = "outreach.urls"
WSGI_APPLICATION = "outreach.wsgi.application"
# WSGI applications around Django's: each stands in front of those before it, and answers some requests without them.
WSGI_FRONTS = ["outreach.kit.bodies.WholeBodies", "sending.tracking.front.TrackingFront"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    # Both would install a template loader of their own and overwrite the other's: TEMPLATES names the chain.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "outreach.kit",
    "outreach.accounts",
    "campaigns.contacts",
    "campaigns.sequences",
    "campaigns.library",
    "sending.ledger",
    "sending.guard",
    "sending.domains",
    "sending.links",
    "sending.postmaster",
    "sending.mailboxes",
    "sending.dmarc",
    "sending.planner",
    "sending.outbox",
    "sending.inbox",
    "sending.tracking",
    "sending.rehearsal",
]

MIDDLEWARE = [
    # First: what is asked of the tracking host is answered by it alone, without cookies and sessions.
    "sending.tracking.door.TrackingDoor",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Last: a view that does not say who may open it is answered with an error, not shown.
    "outreach.accounts.access.AccessMiddleware",
]

_LOADERS: list[Any] = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [("django.template.loaders.cached.Loader", _LOADERS)] if not DEBUG else _LOADERS,
                )
            ],
            "builtins": [
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "lucide.templatetags.lucide",
                "django_htmx.templatetags.django_htmx",
                "outreach.accounts.templatetags.workspace",
                "outreach.kit.templatetags.kit",
                "campaigns.sequences.templatetags.steps",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "outreach.accounts.context.page",
                "sending.guard.context.standstill",
            ],
        },
    }
]
COTTON_DIR = "ui"


# Whoever stands still inside a transaction (a worker that was stopped, a frozen machine) holds its locks, a workspace's
# gate among them, and would keep everybody else waiting for ever. It is held for dead after OUTREACH_LEASE_S, and so is
# its transaction; not before 30 s, since a mailbox's row is locked while its provider is asked for a token (15 s). A
# statement that is at work is never cut, however long it takes. There is no lock_timeout: whoever holds a lock ends.
_IDLE_MS = 1000 * max(ENV.lease_s, 30)


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": parts.port or "",
        "OPTIONS": {
            "pool": {"min_size": 0, "max_size": 12, "timeout": 20},
            "options": f"-c idle_in_transaction_session_timeout={_IDLE_MS}",
            "prepare_threshold": 5,  # Django's default is None: then nothing is prepared, whoever asks for it
        },
    }


DATABASES = {"default": _database(ENV.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

CACHES = {
    "default": {
        "BACKEND": "outreach.kit.cache.SturdyCache",
        "LOCATION": ENV.redis_url,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# -- accounts ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:start"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "outreach.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "outreach.accounts.forms.SignUpForm",
    "login": "outreach.accounts.forms.SignInForm",
    "change_password": "outreach.accounts.forms.PasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the server has no mail relay of its own before a mailbox is connected
ACCOUNT_RATE_LIMITS = {"login_failed": "5/m/key,20/m/ip", "add_member": "30/h/user"}
ACCOUNT_SESSION_REMEMBER = True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# -- browser security -------------------------------------------------------------------------------------------
_HTTPS = ENV.public_url.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
# An https address means one proxy of ours in front; further ones would share a rate limit, never forge an address.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _HTTPS else 0
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "__Host-session" if _HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_TRUSTED_ORIGINS = [ENV.public_url]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
BODY_MAX_BYTES = 201 * 1024 * 1024  # of one that names no length: the largest file that is taken, and what is beside it

# -- static files -----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = ENV.data_dir / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

LOGGING_CONFIG = "outreach.kit.log.configure"
LOGGING = {"json": ENV.log_json}
