"""What the monolith is made of."""

from monolith.config.capabilities import CAPABILITIES
from strangler.hosting.host import Host

MONOLITH = Host(
    "monolith",
    capabilities=CAPABILITIES,
    apps=[
        "django.contrib.admin.apps.SimpleAdminConfig",  # the URLs look for admins, so commands need not
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "monolith.config",
        "monolith.storefront",
    ],
    middleware=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    template_processors=[
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ],
    root_urlconf="monolith.config.urls",
    kernel=["monolith.kernel"],
)
