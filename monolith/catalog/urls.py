"""URLs of the catalog, mounted under `api/catalog/`."""

from __future__ import annotations

from django.urls import path

from monolith.catalog import views
from monolith.catalog.picture_views import ProductPictureView
from strangler.hosting.rest.openapi import documented

_routes = [
    path("products", views.ProductsView.as_view()),
    path("products/<slug:ref>", views.ProductView.as_view()),
    path("products/<slug:ref>:publish", views.ProductPublishView.as_view()),
    path("products/<slug:ref>:archive", views.ProductArchiveView.as_view()),
    path("products/<slug:ref>/variants", views.ProductVariantsView.as_view()),
    path("products/<slug:ref>/picture.svg", ProductPictureView.as_view()),
    path("variants", views.VariantsView.as_view()),
    path("variants/<uuid:variant_id>", views.VariantView.as_view()),
    path("variants/<uuid:variant_id>/price", views.VariantPriceView.as_view()),
    path("variants/<uuid:variant_id>/prices", views.VariantPricesView.as_view()),
    path("categories", views.CategoriesView.as_view()),
    path("categories/<slug:slug>", views.CategoryView.as_view()),
    path("categories/<slug:slug>/products", views.CategoryProductsView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/catalog/", title="Catalog", name="catalog")
