"""The second factor: what a person has, beside the password they know (NIST SP 800-63B, AAL2)."""
