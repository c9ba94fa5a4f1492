"""The storefront's URLs."""

from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [path("", TemplateView.as_view(template_name="storefront/shop.html"), name="shop")]
