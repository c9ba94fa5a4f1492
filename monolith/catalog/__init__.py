"""The product catalog: categories, products, variants and their prices."""
