# ruff: noqa: DJ008
from django.db import models


class Report(models.Model):
    product = models.ForeignKey("catalog.Product", models.CASCADE)
