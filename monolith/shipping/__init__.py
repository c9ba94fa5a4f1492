"""What the monolith keeps of shipping: the contract and the routes. The app itself is `extracted.shipping`."""
