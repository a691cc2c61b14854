"""What each finding says, in English; the console finds the translation by the sentence."""

from django.utils.translation import gettext_noop

MESSAGES = {
    "over_before_start": gettext_noop("The coupon would be over before it starts."),
    "prize_unpublished": gettext_noop("Publish the coupon %(slug)s first."),
    "no_end": gettext_noop("It has no end: it goes on until somebody ends it."),
    "start_in_the_past": gettext_noop(
        "Its start, %(start)s, has passed; it counts from the moment it is published."
    ),
    "name_untranslated": gettext_noop("It has no name in the language %(language)s."),
    "terms_missing": gettext_noop("Its terms are missing in the language %(language)s."),
    "products_gone": gettext_noop("The catalogue does not have: %(products)s."),
    "categories_gone": gettext_noop("There is no such category any more: %(categories)s."),
    "no_codes": gettext_noop("It has no codes: nobody can use it until some are issued."),
    "currency_missing": gettext_noop(
        "It has no amounts in %(currencies)s, which the shop sells in, and does not convert."
    ),
    "above_margin": gettext_noop(
        "It loses money on %(product)s: of %(quantity)s for %(price)s it takes %(discount)s off, "
        "but the margin is %(margin)s."
    ),
    "deep_discount": gettext_noop(
        "In the worst case %(percent)s%% comes off, more than %(most)s%%: %(cart)s for %(price)s "
        "with %(coupons)s leave %(left)s to pay."
    ),
    "not_all_tried": gettext_noop(
        "It goes together with so many coupons that only %(tried)s were tried with it: the worst "
        "case may be worse."
    ),
    "codes_guessable": gettext_noop(
        "Of codes like %(pattern)s one guess in %(guesses)s hits: use more random characters."
    ),
    "shared_code_guessable": gettext_noop(
        "The code %(code)s is easily guessed, and nothing limits its uses or its cost."
    ),
    "no_limits": gettext_noop(
        "Nothing limits it: no budget, no number of uses, none for each customer."
    ),
    "budget_too_small": gettext_noop(
        "Its budget of %(budget)s does not pay for one use of %(value)s."
    ),
    "countries_unknown": gettext_noop(
        "Many countries have rules on gifts and prize draws. It names no country, so they could "
        "not be checked."
    ),
    "jp_gift": gettext_noop(
        "Japan: a gift to every buyer is worth at most a fifth of the purchase, 200 JPY below "
        "1,000 JPY. This one: %(value)s on a purchase from %(spend)s."
    ),
    "jp_draw": gettext_noop(
        "Japan: a prize is worth at most 20 times the purchase and 100,000 JPY, all prizes 2%% of "
        "the expected sales. The dearest here: %(value)s on a purchase from %(spend)s."
    ),
    "cn_draw_value": gettext_noop(
        "China: a prize is worth at most 50,000 CNY. The dearest here: %(value)s."
    ),
    "cn_draw_terms": gettext_noop(
        "China: the prizes, their number or chances, how to take part and who offers them must be "
        "published before. It has no description."
    ),
    "us_draw": gettext_noop(
        "United States: a draw that is open only to buyers is an unlawful lottery. Offer a free "
        "way to take part with the same chances, and say so."
    ),
    "us_draw_states": gettext_noop(
        "United States: Florida and New York want prizes of more than 5,000 USD in all registered "
        "and secured before. All prizes here: %(value)s."
    ),
    "ca_draw": gettext_noop(
        "Canada: nobody may have to buy to take part, the winner needs some skill (a question to "
        "answer), and the number, value and chances of the prizes must be told."
    ),
    "it_draw": gettext_noop(
        "Italy: a prize draw is announced to the ministry 15 days before it starts, with its rules "
        "and a deposit worth the prizes, and lasts a year at most."
    ),
    "it_gift": gettext_noop(
        "Italy: a promotion with gifts needs written rules, certified before it starts, and as a "
        "rule a deposit."
    ),
    "eu_terms": gettext_noop(
        "European Union: the conditions of an offer must be easy to find and clear. It has no "
        "description in %(countries)s to show them."
    ),
    "de_books": gettext_noop(
        "Germany: new books are sold at the fixed price, without discounts. In scope: %(product)s."
    ),
    "fr_books": gettext_noop("France: at most 5%% may come off new books. In scope: %(product)s."),
    "es_books": gettext_noop("Spain: at most 5%% may come off new books. In scope: %(product)s."),
}
