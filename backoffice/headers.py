"""Security headers, set by hand so that each can be read with its reason."""

from flask import Flask, Response, request

# Scripts and styles come from files of ours alone. Photos come from the shops, whose hosts nobody can list.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: http: https:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Shops must not learn which pages we look at; our own CSRF check over HTTPS does need the referrer.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def attach(app: Flask, *, secure: bool) -> None:
    """Sets HEADERS on every answer, keeps pages out of caches, and with `secure` demands HTTPS for a year."""

    def set_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if not (request.endpoint or "").endswith("static"):
            # Two people may share a workplace: after signing out, "back" shows nothing.
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("HX-Request")
        return response

    app.after_request(set_headers)
