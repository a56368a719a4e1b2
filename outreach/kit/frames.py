"""Pages that show the HTML of a mail: in a frame of their own, which runs nothing and fetches nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, cast

from csp.decorators import csp
from django.http import HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin

_NOTHING = {
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}

_Asked = ParamSpec("_Asked")
_View = Callable[_Asked, HttpResponse]


def framed(**sources: list[str]) -> Callable[[_View[_Asked]], _View[_Asked]]:
    """Return the decorator of a view that is shown in a frame of our own pages; sources are what it may use.

    Names as in the policy (Content Security Policy Level 3), with _ for -: framed(img_src=["data:"]).
    """
    policy = _NOTHING | {name.replace("_", "-"): values for name, values in sources.items()}

    def decorated(view: _View[_Asked]) -> _View[_Asked]:
        return cast("_View[_Asked]", xframe_options_sameorigin(csp(policy)(view)))  # type: ignore[arg-type]  # it passes on whatever a view takes

    return decorated
