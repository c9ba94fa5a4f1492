"""URLs of the catalog, mounted under `api/catalog/`."""

from __future__ import annotations

from django.urls import path

from monolith.catalog.views import categories, pictures, products, search, variants
from strangler.hosting.rest.openapi import documented

_routes = [
    path("products", products.ProductsView.as_view()),
    path("products/<slug:ref>", products.ProductView.as_view()),
    path("products/<slug:ref>:publish", products.ProductPublishView.as_view()),
    path("products/<slug:ref>:archive", products.ProductArchiveView.as_view()),
    path("products/<slug:ref>/media", products.ProductMediaView.as_view()),
    path("products/<slug:ref>/variants", variants.ProductVariantsView.as_view()),
    path("products/<slug:ref>/picture.svg", pictures.ProductPictureView.as_view()),
    path("search", search.SearchView.as_view()),
    path("search/suggest", search.SuggestView.as_view()),
    path("variants", variants.VariantsView.as_view()),
    path("variants/<uuid:variant_id>", variants.VariantView.as_view()),
    path("variants/<uuid:variant_id>/price", variants.VariantPriceView.as_view()),
    path("variants/<uuid:variant_id>/prices", variants.VariantPricesView.as_view()),
    path("categories", categories.CategoriesView.as_view()),
    path("categories/<slug:slug>", categories.CategoryView.as_view()),
    path("categories/<slug:slug>/products", categories.CategoryProductsView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/catalog/", title="Catalog", name="catalog")
