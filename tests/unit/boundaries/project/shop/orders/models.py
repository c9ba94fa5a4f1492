# ruff: noqa: DJ008
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from shop.catalog.models import Category, Product
from strangler.boundaries import Reference


class Stamped(models.Model):
    first_product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Order(Stamped):
    product = models.ForeignKey(
        "catalog.Product",
        models.PROTECT,
        db_constraint=False,
    )
    cover = models.OneToOneField(Product, models.PROTECT, related_name="+")
    categories = models.ManyToManyField("catalog.Category", through="Filing")
    buyer = models.ForeignKey(User, models.PROTECT)
    kind = models.ForeignKey(ContentType, models.PROTECT)
    about = GenericForeignKey("kind", "about_id")
    about_id = models.IntegerField()
    wanted = Reference("catalog.Product")
    supplier = Reference("supply.Supplier", type="text")


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE)


class Filing(models.Model):
    order = models.ForeignKey(Order, models.CASCADE)
    category = models.ForeignKey(Category, models.CASCADE)


class Bundle(Product):
    size = models.IntegerField()


class CheapProduct(Product):
    class Meta:
        proxy = True


class ProductRow(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        managed = False
        db_table = "catalog_product"
