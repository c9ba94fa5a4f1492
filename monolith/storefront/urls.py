"""The storefront's URLs."""

from django.urls import path

from monolith.storefront import views

urlpatterns = [path("", views.shop, name="shop"), path("products/<slug:slug>", views.product, name="product")]
