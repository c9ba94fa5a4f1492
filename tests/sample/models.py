"""A capability small enough to see whole: shelves hold books, books have tags."""

from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        db_table = "sample_shelf"

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        db_table = "sample_tag"

    def __str__(self):
        return self.name


class Book(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
    title = models.CharField(max_length=200)
    copies = models.IntegerField(default=1)
    blurb = models.TextField(null=True)  # noqa: DJ001  a NULL must survive the copy
    tags = models.ManyToManyField(Tag, db_table="sample_book_tags")

    class Meta:
        db_table = "sample_book"

    def __str__(self):
        return self.title
