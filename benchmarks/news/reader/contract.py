"""Who listens to what; of the others there is nothing but this."""

from strangler.contract import Subscriptions

reader = Subscriptions("reader", {"desk": ("bench.story.told.v1", "bench.story.spread.v1")})
second = Subscriptions("second", {"desk": ("bench.story.spread.v1",)})
third = Subscriptions("third", {"desk": ("bench.story.spread.v1",)})
