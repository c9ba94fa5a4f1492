"""The monolith's URLs: pages and admin beside what every host answers."""

from django.contrib import admin
from django.urls import include, path

from monolith.config import jwks
from strangler.hosting.rest import problems
from strangler.hosting.urls import app_urls, health_urls

admin.autodiscover()
urlpatterns = [
    path("", include("monolith.storefront.urls")),
    path("admin/", admin.site.urls),
    path(".well-known/jwks.json", jwks.jwks),
    *health_urls(),
    *app_urls(),
]
handler404 = problems.page_not_found
handler500 = problems.server_error
