"""Vouchers on paper: laid out, drawn with a QR code each, written by a worker."""
