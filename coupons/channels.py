"""The places where a merchant sells, as a program tells us of them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from coupons import journal
from coupons.errors import FieldError, Invalid
from coupons.fields import problem_with_text
from coupons.models import Channel, Merchant
from coupons.models.merchant import SLUG

MAX_SLUG = 80
MAX_NAME = 200


def put(
    *, merchant: Merchant, slug: str, name: str | None, by: str, at: datetime
) -> tuple[Channel, bool]:
    """Create a channel or give it another name; return it, and whether it is new.

    Without a name a new channel is called by its slug, and a known one stays. Raises
    `Invalid` with every field that is wrong.
    """
    if errors := _errors(slug=slug, name=name):
        raise Invalid(errors=errors)
    with transaction.atomic():
        channel, is_new = Channel.objects.get_or_create(
            merchant=merchant, slug=slug, defaults={"name": name or slug}
        )
        wanted = name or channel.name
        is_changed = channel.name != wanted
        if is_changed:
            channel.name = wanted
            channel.save(update_fields=["name"])
        if is_new or is_changed:
            journal.record(
                merchant=merchant,
                type="channel.created" if is_new else "channel.changed",
                actor=by,
                at=at,
                data={"slug": slug, "name": channel.name},
            )
    return channel, is_new


def _errors(*, slug: str, name: str | None) -> list[FieldError]:
    errors = []
    try:
        SLUG(slug)
    except ValidationError as error:
        errors.append(FieldError("slug", error.messages[0]))
    if len(slug) > MAX_SLUG:
        errors.append(FieldError("slug", f"At most {MAX_SLUG} characters."))
    if name is not None:
        problem = problem_with_text(name, most=MAX_NAME)
        if problem or not name.strip():
            errors.append(FieldError("name", problem or "This is required."))
    return errors
