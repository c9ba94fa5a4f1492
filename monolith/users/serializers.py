"""The users' JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.users.contract import CustomerStatus
from monolith.users.domain import (
    COUNTRY_PATTERN,
    EMAIL_MAX,
    NAME_MAX,
    PASSWORD_MAX,
    PASSWORD_MIN,
    PHONE_PATTERN,
    REASON_MAX,
    Role,
    is_email,
)
from strangler.hosting.rest.serializers import StrictCharField, StrictSerializer

_TOKEN_MAX = 200


class EmailField(StrictCharField):
    """An e-mail address, as it is kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EMAIL_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not is_email(text):
            raise serializers.ValidationError("This is no e-mail address.", code="invalid")
        return text


class GivenEmailField(StrictCharField):
    """Whatever somebody takes for an e-mail address: whoever asks for it learns nothing from a refusal."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EMAIL_MAX, **kwargs)


class PasswordField(StrictCharField):
    """A password, spaces and all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"max_length": PASSWORD_MAX, "trim_whitespace": False, "write_only": True, **kwargs},
            style={"input_type": "password"},
        )


class PhoneField(StrictCharField, serializers.RegexField):
    """A telephone number, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(PHONE_PATTERN, allow_blank=True, max_length=32, **kwargs)


class CountryField(StrictCharField, serializers.RegexField):
    """ISO 3166-1, two capital letters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COUNTRY_PATTERN, **kwargs)


class NewUserSerializer(StrictSerializer):
    """An account to be made."""

    email = EmailField()
    password = PasswordField(help_text=f"at least {PASSWORD_MIN} characters, and nothing that is guessed first")
    first_name = StrictCharField(max_length=NAME_MAX, required=False, allow_blank=True)
    last_name = StrictCharField(max_length=NAME_MAX, required=False, allow_blank=True)
    phone = PhoneField(required=False)


class ProfileSerializer(StrictSerializer):
    """What PATCH changes of an account."""

    first_name = StrictCharField(max_length=NAME_MAX, allow_blank=True)
    last_name = StrictCharField(max_length=NAME_MAX, allow_blank=True)
    phone = PhoneField()


class PasswordChangeSerializer(StrictSerializer):
    """The password as it is, and as it is to be."""

    current_password = PasswordField()
    new_password = PasswordField()


class LoginSerializer(StrictSerializer):
    """Who, and the proof of it."""

    email = GivenEmailField()
    password = PasswordField()


class RefreshSerializer(StrictSerializer):
    """A refresh token."""

    refresh_token = StrictCharField(max_length=_TOKEN_MAX)


class GivenEmailSerializer(StrictSerializer):
    """To whom a message is to go."""

    email = GivenEmailField()


class ProofSerializer(StrictSerializer):
    """What a message carried."""

    token = StrictCharField(max_length=_TOKEN_MAX)


class NewPasswordSerializer(ProofSerializer):
    """What a message carried, and the password as it is to be."""

    password = PasswordField()


class AddressContentSerializer(StrictSerializer):
    """An address as it is given."""

    label = StrictCharField(max_length=50, required=False, allow_blank=True, help_text="your own word for it")
    line1 = StrictCharField(max_length=200)
    line2 = StrictCharField(max_length=200, required=False, allow_blank=True)
    city = StrictCharField(max_length=100)
    region = StrictCharField(max_length=100, required=False, allow_blank=True)
    postal_code = StrictCharField(max_length=20, required=False, allow_blank=True)
    country = CountryField()
    is_default_shipping = serializers.BooleanField(required=False, help_text="takes that from the one that was")
    is_default_billing = serializers.BooleanField(required=False, help_text="takes that from the one that was")


class ReasonSerializer(StrictSerializer):
    """Why staff does it."""

    reason = StrictCharField(max_length=REASON_MAX, required=False, allow_blank=True)


class TokensSerializer(serializers.Serializer[Any]):
    """What somebody gets who has logged in (RFC 6749 5.1)."""

    access_token = serializers.CharField(help_text="JWT, for the Authorization field")
    token_type = serializers.ChoiceField(["Bearer"])
    expires_in = serializers.IntegerField(help_text="seconds")
    refresh_token = serializers.CharField(help_text="good once")
    scope = serializers.CharField()


class AcceptedSerializer(serializers.Serializer[Any]):
    """The same answer to everybody."""

    status = serializers.ChoiceField(["accepted"])


class ProfileShownSerializer(serializers.Serializer[Any]):
    """An account as its owner sees it."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    email_verified = serializers.BooleanField()
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField([status.value for status in CustomerStatus])
    roles = serializers.ListField(child=serializers.ChoiceField([role.value for role in Role]))
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class UserSerializer(ProfileShownSerializer):
    """An account as staff sees it."""

    last_login_at = serializers.DateTimeField(allow_null=True)
    locked_until = serializers.DateTimeField(allow_null=True)
    failed_logins = serializers.IntegerField()


class UserPageSerializer(serializers.Serializer[Any]):
    """A page of accounts."""

    data = UserSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class AddressSerializer(serializers.Serializer[Any]):
    """An address as it is answered."""

    id = serializers.UUIDField()
    label = serializers.CharField(allow_blank=True)
    line1 = serializers.CharField()
    line2 = serializers.CharField(allow_blank=True)
    city = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField()
    is_default_shipping = serializers.BooleanField()
    is_default_billing = serializers.BooleanField()
    version = serializers.IntegerField()


class AddressListSerializer(serializers.Serializer[Any]):
    """An address book, the oldest address first."""

    data = AddressSerializer(many=True)


class KeySerializer(serializers.Serializer[Any]):
    """A public key (RFC 7517)."""

    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    y = serializers.CharField()
    kid = serializers.CharField()
    use = serializers.CharField()
    alg = serializers.CharField()


class KeySetSerializer(serializers.Serializer[Any]):
    """Every key by which tokens verify."""

    keys = KeySerializer(many=True)
