"""Documents in which the page shows what it must not trust: a preview of HTML or SVG, and diagrams.

The page embeds them in ``<iframe sandbox="allow-scripts">`` and hands the content over by ``postMessage``. A ``srcdoc``
would inherit the page's own policy, under which no preview could run; so each is a file with a policy of its own:

- ``sandbox`` in the policy, too: opened by address, the document still has an opaque origin, and with it no storage, no
  key, no pop-ups, no forms, no downloads and no way to navigate the page;
- ``default-src 'none'``: no request of any kind. The page's ``frame-src 'self'`` keeps the frame from navigating to
  another server, by a link, a script or ``<meta http-equiv="refresh">``;
- ``Connection-Allowlist`` with nothing on it closes what a content security policy does not cover (WebRTC, the
  connection that a browser opens ahead of a navigation), in the browsers that know it. For the others the frame takes
  WebRTC away before it shows anything.

`web/tests/browser/frames.test.mjs` runs a hostile document against a server that counts requests.
"""

from __future__ import annotations

_CONFINED = "sandbox allow-scripts; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

_PREVIEW = "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:"
_DIAGRAM = "script-src 'self'; style-src 'unsafe-inline'; img-src data:"


def _headers(policy: str, reachable: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"{_CONFINED}; {policy}",
        "Connection-Allowlist": f"({reachable})",
        "X-DNS-Prefetch-Control": "off",
        "X-Frame-Options": "SAMEORIGIN",
    }


FRAME_HEADERS = {
    "frames/preview.html": _headers(_PREVIEW, ""),
    "frames/diagram.html": _headers(_DIAGRAM, "response-origin"),  # its script and the diagram library
}
"""The headers of each such document, by its path below the static folder."""
