# ruff: noqa: DJ008
import uuid

from django.db import models


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)

    class Meta:
        db_table = "catalog_product"


class Category(models.Model):
    name = models.CharField(max_length=50)
