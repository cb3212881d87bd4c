"""What pages are made of: layout, template tags, middleware, forms, paging. It knows no app above it."""
