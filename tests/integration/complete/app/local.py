from tests.integration.complete.app.models import Parcel


class LocalParcels:
    def posted(self) -> tuple[str, ...]:
        return tuple(Parcel.objects.order_by("label").values_list("label", flat=True))

    def post(self, *, label: str) -> str:
        return Parcel.objects.create(label=label).label


implementation = LocalParcels()
