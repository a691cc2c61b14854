"""The pricing engine: frozen values in, a quote out.

It imports no framework, reads no clock and no settings. Start reading at `evaluate`.
"""
