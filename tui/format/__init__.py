"""Numbers, sizes, costs and text as people read them."""
