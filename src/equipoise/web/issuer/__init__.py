"""Signing in with an identity from outside (OpenID Connect): what is asked, and whether the answer holds.

An identity opens an account only where its owner has linked it, which stands in the ledger. Nobody is let in, and no
account is made, because an issuer says so. See decision record 024.

    settings      which issuer, and under which name this server is known there: `oidc.json` in the home
    wire          requests to it, bounded in time and size
    provider      what it publishes about itself, and a code exchanged for an ID token
    id_token      whether an ID token holds
    journey       from here to the issuer and back
    recognition   whose identity it is, as credentials of Django's
    pages         the pages on the way
"""
