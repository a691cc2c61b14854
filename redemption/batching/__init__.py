"""The pieces in which a file of codes is read, judged, redeemed and undone."""
