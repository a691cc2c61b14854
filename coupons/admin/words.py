"""The verbs' sentences in the reader's language.

The verbs and the pure modules speak English, as the API does. The console finds the
translation by the sentence itself; those with a number or a name in them by their shape.
A test sees to it that every sentence stands here.
"""

import re
from functools import lru_cache

from django.utils.translation import gettext, gettext_noop

SENTENCES = (
    gettext_noop("Too many wrong codes"),
    gettext_noop("Too many at once; try again"),
    gettext_noop("The cart is worth more than a cart can be."),
    gettext_noop("A photo has at most 10 MB."),
    gettext_noop("There is no readable code in the photo. Go closer, or type the code."),
    gettext_noop("Type or scan a code first."),
    gettext_noop("You may not redeem this coupon."),
    gettext_noop("It was not redeemed at a desk."),
    gettext_noop("Ask a supervisor to undo it."),
    gettext_noop("Say why it is undone."),
    gettext_noop("There is no such customer. Leave it empty for a guest."),
    gettext_noop("There is no such sales channel."),
    gettext_noop("The codes that are out keep theirs."),
    gettext_noop("It is not out yet: change it instead."),
    gettext_noop("The coupon is replaced already."),
    gettext_noop("It may issue no code: leave room for the one that goes over."),
    gettext_noop("The new coupon may issue no more codes; the rest stays."),
    gettext_noop("Somebody else changed this coupon meanwhile; look at it again."),
    gettext_noop("The job is over already."),
    gettext_noop("It stopped with an unexpected error; the log has it."),
    gettext_noop("The coupon has ended."),
    gettext_noop("The slug is the coupon's address; it never changes."),
    gettext_noop("Another person has to approve this coupon."),
    gettext_noop("A person has to approve this coupon first."),
    gettext_noop("The platform has to approve this coupon first."),
    gettext_noop("Nobody reviews the platform."),
    gettext_noop("Another merchant is the platform; it has to stop being it first."),
    gettext_noop("The coupon would be over before it starts."),
    gettext_noop("Look at each warning and accept it."),
    gettext_noop("This is fixed once the coupon is out."),
    gettext_noop("The pattern has no unused codes left."),
    gettext_noop("The coupon has ended; it gets no more codes."),
    gettext_noop("This code stands in the list twice."),
    gettext_noop("That is more than the coupon may issue."),
    gettext_noop("Name at least one code."),
    gettext_noop("Give it a name of at most 60 characters."),
    gettext_noop("Filter or search the list first."),
    gettext_noop("There are 20 already; delete one first."),
    gettext_noop("This person works elsewhere too; only they can change the password."),
    gettext_noop("A coupon with this slug exists already."),
    gettext_noop("This code exists already."),
    gettext_noop("A channel with this slug exists already."),
    gettext_noop("There is a group of this name."),
    gettext_noop("There is no such staff member."),
    gettext_noop("There is no such coupon or staff group."),
    gettext_noop("Name an API key by its prefix, 8 letters and digits."),
    gettext_noop("The coupon has a shared code already."),
    gettext_noop("The coupon would end before it starts."),
    gettext_noop("The coupon has been used more often than that."),
    gettext_noop("More than that budget is spent already."),
    gettext_noop("Something went wrong"),
    gettext_noop("The request is not valid"),
    gettext_noop("Not found"),
    gettext_noop("It exists already"),
    gettext_noop("The state does not allow that"),
    gettext_noop("Somebody holds the coupon; this is fixed now"),
    gettext_noop("The coupon cannot be published yet"),
    gettext_noop("Not allowed"),
    gettext_noop("The code is empty."),
    gettext_noop("The code has characters that cannot be typed."),
    gettext_noop("The code has characters without a capital form."),
    gettext_noop("No pattern is long enough for that many codes."),
    gettext_noop("A pattern has letters, digits, hyphens and # only."),
    gettext_noop("A pattern needs at least one #, which stands for a random character."),
    gettext_noop("Use lower-case letters and digits, in groups joined by single hyphens."),
    gettext_noop("The end must come after the start."),
    gettext_noop("It has characters that cannot be shown or stored."),
    gettext_noop('Send a percentage above 0 and up to 100 as a string, such as "12.5".'),
    gettext_noop('Send a percentage, such as "20".'),
    gettext_noop("This is required."),
    gettext_noop("The amount must be more than zero."),
    gettext_noop('Send an amount for each currency, such as {"USD": "10.00"}.'),
    gettext_noop('Write the amount as a string, such as "19.99".'),
    gettext_noop("The merchant needs an owner; make somebody else one first."),
    gettext_noop("This user name is taken; choose another."),
    gettext_noop("Name at least one."),
    gettext_noop("automatic or api."),
    gettext_noop("There is no such order."),
    gettext_noop("A draw cannot be its own prize."),
    gettext_noop("Name a coupon by its slug, or leave it out for a blank."),
    gettext_noop("The key has a successor already, is revoked or past its end."),
    gettext_noop("The key is revoked or past its end."),
    gettext_noop("This is no IPv4 or IPv6 address or network, such as 192.0.2.0/24."),
    gettext_noop("The base is always 1 of itself."),
    gettext_noop('Use two capital letters, such as "US".'),
    gettext_noop("A percentage from 0 to 100 with at most 3 decimals."),
    gettext_noop("A path such as shoes/running."),
    gettext_noop("There is no such coupon."),
    gettext_noop("This is not a URL."),
    gettext_noop("The URL begins with https:// and names a host."),
    gettext_noop("Webhooks go over HTTPS only."),
    gettext_noop("The URL must not have a user name or password."),
    gettext_noop("The URL must not have a fragment."),
    gettext_noop("The port is 80, 443 or one above 1023."),
    gettext_noop("Webhooks do not go to private or local addresses."),
    gettext_noop("There is no such redemption."),
    gettext_noop("It is no hold any more; goods come back by a reversal."),
    gettext_noop("It was not redeemed; a hold is released."),
    gettext_noop("It has been returned."),
    gettext_noop("The hold was released."),
    gettext_noop("The hold has run out"),
    gettext_noop("It has been returned already"),
    gettext_noop("The hold is another customer's."),
    gettext_noop("Nothing was redeemed on this order."),
    gettext_noop("The order has no such line."),
    gettext_noop("The redemption has no such line."),
    gettext_noop("This line stands in the list twice."),
    gettext_noop("Name at least one line, or leave them out for all."),
    gettext_noop("A PIN has from 4 to 8 digits."),
    gettext_noop("This PIN is easily guessed; choose another."),
    gettext_noop("The PIN is not right"),
    gettext_noop("The password is not right"),
    gettext_noop("Too many wrong PINs; type the password"),
    gettext_noop("Too many wrong passwords; wait a while"),
    gettext_noop("A picture has at most 5 MB."),
    gettext_noop("The picture has too many pixels; make it smaller."),
    gettext_noop("This is no PNG, JPEG or WebP picture, or it is broken."),
    gettext_noop("The file cannot be read"),
    gettext_noop("The file is empty."),
    gettext_noop("The file is broken or cut off; save it again and send it whole."),
    gettext_noop("The file has a password; save it without one."),
    gettext_noop("The file has macros; save it as xlsx without them."),
    gettext_noop("The file becomes too large when it is unpacked; split it, or send it as CSV."),
    gettext_noop("The file needs too much memory or time to be read; split it, or send it as CSV."),
    gettext_noop("The file declares entities, as no spreadsheet does."),
    gettext_noop("This is no spreadsheet; send xlsx, xls, ods or CSV."),
    gettext_noop("This is a web page or XML; open it and save it as xlsx or CSV."),
    gettext_noop("The text is neither UTF-8 nor UTF-16 nor GB18030; save it as CSV UTF-8."),
    gettext_noop("A row is too long; perhaps a quotation mark is never closed."),
    gettext_noop("The spreadsheet made a date of it; make the column text, type it again."),
    gettext_noop("The spreadsheet shortened this number; make the column text, type it again."),
    gettext_noop("Write yes or no."),
    gettext_noop("This is no JSON; its quotation marks are straight ones."),
    gettext_noop("Write JSON, such as {} or []."),
    gettext_noop("Write an amount such as 1234.50, without a currency."),
    gettext_noop("Write a whole number, such as 100."),
    gettext_noop("It could be thousands or decimals; write 1234 or 1.234."),
    gettext_noop("Write a date such as 2026-03-04."),
    gettext_noop("Write a time such as 2026-03-04 12:00."),
    gettext_noop("The clocks skip that hour; choose another time."),
    gettext_noop("A coupon cannot follow itself."),
    gettext_noop("Name a coupon by its slug."),
    gettext_noop("Name a picture that was uploaded, by its id."),
    gettext_noop('Use a language tag such as "zh-hans".'),
    gettext_noop("Another return of this redemption has this reference."),
)

#: What `states.IN_WORDS` says of a coupon.
STATES = (
    gettext_noop("a draft"),
    gettext_noop("under test"),
    gettext_noop("in review"),
    gettext_noop("approved"),
    gettext_noop("scheduled"),
    gettext_noop("live"),
    gettext_noop("paused"),
    gettext_noop("ended"),
    gettext_noop("expired"),
)

SHAPES = (
    gettext_noop("The order has used %(codes)s with another cart."),
    gettext_noop("There is no product %(sku)s."),
    gettext_noop("There is no coupon %(slug)s."),
    gettext_noop("There is no picture %(id)s."),
    gettext_noop("Name one of %(names)s, or write it as #1a2b3c."),
    gettext_noop("There is no API key %(prefix)s."),
    gettext_noop("Name the key that it replaced, %(prefix)s."),
    gettext_noop("Publish the coupon %(slug)s first."),
    gettext_noop("At most %(most)s prizes."),
    gettext_noop("There is no category %(path)s."),
    gettext_noop("%(sku)s has no price; type one."),
    gettext_noop("%(count)s more of these are unknown."),
    gettext_noop("A coupon that is %(state)s cannot be published."),
    gettext_noop("A coupon that is %(state)s cannot be approved."),
    gettext_noop("A coupon that is %(state)s cannot be refused."),
    gettext_noop("A coupon that is %(state)s cannot be submitted."),
    gettext_noop("A coupon that is %(state)s cannot be tested."),
    gettext_noop("A coupon that is %(state)s cannot become a draft."),
    gettext_noop("A coupon that is %(state)s cannot be resumed."),
    gettext_noop("A coupon that is %(state)s cannot be paused."),
    gettext_noop("A coupon that is %(state)s cannot be ended."),
    gettext_noop("From 1 to %(most)s codes."),
    gettext_noop("Too few combinations: one guess in %(guesses)s would be a code. Add more #."),
    gettext_noop("A code has at most %(most)s characters."),
    gettext_noop("At most %(most)s characters."),
    gettext_noop("Send a whole number from %(least)s to %(most)s."),
    gettext_noop("Send at most %(most)s entries."),
    gettext_noop("'%(currency)s' is not a currency code (ISO 4217)."),
    gettext_noop(
        'Write the amount as plain digits with a point, such as "19.99", '
        "with at most %(most)s digits before it."
    ),
    gettext_noop("%(currency)s has %(places)s decimals; the amount has %(found)s."),
    gettext_noop("Unknown: %(names)s."),
    gettext_noop("The address is longer than its prefix; write %(network)s for the network."),
    gettext_noop("A number above 0, with at most %(most)s decimals."),
    gettext_noop("At most %(most)s rates for one country."),
    gettext_noop("The hold is in %(currency)s."),
    gettext_noop("Two columns are named %(column)s."),
    gettext_noop("These columns are missing: %(names)s."),
    gettext_noop("The file has more than %(most)s rows; split it."),
    gettext_noop("Row %(number)s: there are more than %(most)s columns."),
    gettext_noop("The file has more than %(most)s MB; split it, or send it as CSV."),
    gettext_noop(
        "Row %(number)s: a cell has more than %(most)s characters; close its quotation mark."
    ),
    gettext_noop("Row %(number)s: a quotation mark is opened and never closed."),
    gettext_noop("Row %(number)s: a quotation mark stands in the middle of a cell."),
    gettext_noop("A cell has at most %(most)s characters."),
    gettext_noop("Write one of %(names)s."),
    gettext_noop("Not held: %(codes)s."),
    gettext_noop("All of line %(line)s has come back already."),
    gettext_noop("Only %(left)s of line %(line)s are left to return."),
)


def sentence(english: str) -> str:
    """Return a verb's sentence in the language of this request; English where none is known."""
    for shape, pattern in _patterns():
        if match := pattern.fullmatch(english):
            return gettext(shape) % _filled(match.groupdict())
    return gettext(english)


def _filled(parts: dict[str, str]) -> dict[str, str]:
    """Say a state in the reader's language too; what else is filled in is a name or a number."""
    return {**parts, "state": gettext(parts["state"])} if "state" in parts else parts


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for shape in SHAPES:
        literal = re.split(r"%\(([a-z]+)\)s", shape)
        parts = [
            f"(?P<{part}>.+?)" if index % 2 else re.escape(part)
            for index, part in enumerate(literal)
        ]
        found.append((shape, re.compile("".join(parts))))
    return found


#: Words of Unfold's own templates, which come without Chinese.
UNFOLD = (
    gettext_noop("Filters"),
    gettext_noop("Apply Filters"),
    gettext_noop("Reset filters"),
    gettext_noop("Type to search"),
    gettext_noop("No results found"),
    gettext_noop("Add row"),
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Return to site"),
    gettext_noop("Toggle password visibility"),
    gettext_noop("Welcome"),
    gettext_noop("Next"),
    gettext_noop("Previous"),
    gettext_noop("General"),
    gettext_noop("Go back"),
    gettext_noop("More actions"),
    gettext_noop("Select value"),
    gettext_noop("This item will be deleted."),
    gettext_noop("No data"),
    gettext_noop("True"),
    gettext_noop("False"),
    gettext_noop("You have been successfully logged out from the administration"),
    gettext_noop("Add %(name)s"),
    gettext_noop("By %(filter_title)s"),
    gettext_noop("Choose file to upload"),
)
