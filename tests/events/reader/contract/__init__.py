"""What the reader wants to hear of."""

from strangler.contract import Subscriptions

subscriptions = Subscriptions("reader", {"press": ("test.note.written.v1",)})
