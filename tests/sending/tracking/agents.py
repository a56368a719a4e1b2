"""Names of programs: of machines, and of people, also through what stands in front of them.

Each as it was reported in the world (in parentheses where), or as other programs that judge clicks test with it.
"""

from __future__ import annotations

_ANDROID = "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) {}Mobile Safari/537.36"
_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)

# Who follows links without anybody who reads.
MACHINES = {
    "Barracuda Sentinel": "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Barracuda Link Protection": "Mozilla/5.0 (compatible; Barracuda Link Protection)",
    "Mimecast": "Mozilla/5.0 (compatible; Mimecast-Inbound-Filter)",
    "Mimecast, by its product": "Mozilla/5.0 Mimecast Link Protection",
    "Proofpoint": "Proofpoint-URL-Defense/1.0",
    "Proofpoint, as a browser": "Mozilla/5.0 (compatible; ProofPoint URL Defense)",
    "Cisco": "Mozilla/5.0 (compatible; CiscoSecureEmailBot/1.0; +https://www.cisco.com/go/emailsecurity)",
    "IronPort": "Cisco IronPort Email Security",
    "Defender": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 SafeLinks/1.0",
    "Defender's analyzer": "Microsoft-URLAnalyzer/1.0",
    "Trend Micro": "TrendMicro-Web-Reputation/1.0",
    "Forcepoint": "Forcepoint-ThreatSeeker",
    "Symantec": "Symantec-Threat-Intelligence",
    "Kaspersky": "Kaspersky-Lab-Web-Protection/1.0",
    "Gmail at the delivery (mautic/mautic#10245)": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135"
        " Safari/537.36 Edge/12.246 Mozilla/5.0"
    ),
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Teams and Skype": "SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "WhatsApp's preview (totpero/DeviceDetector.NET#93)": "WhatsApp/2.23.20.0",
    "WhatsApp's preview on Android": "WhatsApp/2.24.15.78 A",
    "Telegram's preview": "TelegramBot (like TwitterBot)",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "LinkedIn": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Applebot": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
        " Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)"
    ),
    "Bing's preview (matomo-org/device-detector, bots.yml)": (
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b"
    ),
    "Google": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Baidu (matomo-org/device-detector, bots.yml)": "Baiduspider+(+http://www.baidu.com/search/spider.htm)",
    "Yahoo": "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Python (putyourlightson/craft-campaign#546)": "python-requests/2.31.0",
    "Go": "Go-http-client/2.0",
    "Java": "Apache-HttpClient/4.5.14 (Java/17.0.10)",
    "Android's library": "okhttp/4.12.0",
    "a browser without a head": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.6367.60"
        " Safari/537.36"
    ),
    "PhantomJS": (
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1"
    ),
    "Gmail's proxy of images, at a link": (
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    ),
}

# Who reads and clicks: browsers, the windows inside of programs, phones whose names sound like something else.
PEOPLE = {
    "Chrome": _WINDOWS,
    "Edge": f"{_WINDOWS} Edg/124.0.0.0",
    "Opera": f"{_WINDOWS} OPR/110.0.0.0",
    "Firefox": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Firefox on Android": "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0",
    "Safari": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
        " Safari/605.1.15"
    ),
    "Internet Explorer, where a firm still has it": (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
    ),
    "an iPad": (
        "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
        " Mobile/15E148 Safari/604.1"
    ),
    "Gmail on an iPhone": f"{_IOS}Mobile/15E148",
    "Outlook on an iPhone": f"{_IOS}Mobile/15E148 Outlook-iOS/745.0.prod.iphone (3.51.0)",
    "Outlook on Android": f"{_ANDROID.format('13', 'Chrome/124.0.0.0 ')} Outlook-Android/2.0",
    "LinkedIn's window": f"{_IOS}Mobile/15E148 [LinkedInApp]",
    "Firefox on an iPhone": f"{_IOS}FxiOS/125.0 Mobile/15E148 Safari/605.1.15",
    "Samsung": _ANDROID.format("13; SAMSUNG SM-A536B", "SamsungBrowser/24.0 Chrome/118.0.5993.80 "),
    "DuckDuckGo": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0"
    " Mobile DuckDuckGo/5 Safari/537.36",
    "Telegram's window": f"{_ANDROID.format('14; Pixel 8', 'Chrome/124.0.0.0 ')} Telegram-Android/11.7.4",
    "Telegram's window, an old phone": (
        f"{_ANDROID.format('7.1.2; K', 'Chrome/119.0.6045.193 ')}"
        " Telegram-Android/11.4.3 (Samsung SM-G965N; Android 7.1.2; SDK 25; LOW)"
    ),
    "WhatsApp's window": (
        f"{_ANDROID.format('14; SM-S911B Build/UP1A.231005.007; wv', 'Version/4.0 Chrome/126.0.6478.122 ')}"
        " WhatsApp/2.24.13.78"
    ),
    "Facebook's window": f"{_IOS}Mobile/15E148 [FBAN/FBIOS;FBAV/460.0]",
    "Instagram's window (matomo-org/device-detector#8130)": (
        f"{_ANDROID.format('13; Pixel 7 Pro Build/TQ3A.230605.012; wv', 'Version/4.0 Chrome/115.0.5790.53 ')}"
        " Instagram 290.0.0.0.36 Android (33/13; 420dpi; 1080x2169; Google/google; Pixel 7 Pro; cheetah)"
    ),
    "TikTok's window (biggora/express-useragent#152)": (
        f"{_ANDROID.format('8.1.0; CPH1901 Build/OPM1.171019.026; wv', 'Version/4.0 Chrome/91.0.4472.120 ')}"
        "  trill_200005 JsSdk/1.0 NetType/WIFI Channel/googleplay BytedanceWebview/d8a21c6"
    ),
    "a CUBOT": _ANDROID.format("11; CUBOT KINGKONG 5", "Chrome/120.0.0.0 "),
    "a CUBOT P20 (omrilotan/isbot#29)": _ANDROID.format("8.0.0; CUBOT_P20", "Chrome/70.0.3538.110 "),
    "a CUBOT with Opera (omrilotan/isbot#29)": (
        f"{_ANDROID.format('8.0.0; CUBOT_X18_Plus Build/O00623; wv', 'Version/4.0 Chrome/71.0.3578.99 ')}"
        " OPR/37.6.2254.134291"
    ),
    "a LOGICOM M BOT (matomo-org/device-detector#5674)": (
        "Mozilla/5.0 (Linux; Android 6.0.1; M BOT TAB 101 Build/MOB30R) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/54.0.2840.85 Safari/537.36"
    ),
    "a LOGICOM B BOT (matomo-org/device-detector#5701)": (
        _ANDROID.format("6.0; B BOT 550 Build/MRA58K; wv", "Version/4.0 Chrome/53.0.2785.124 ")
    ),
    "a LOGICOM IDbot (matomo-org/device-detector#5701)": (
        "Mozilla/5.0 (Linux; Android 6.0; IDbot553 Build/MRA58K) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/59.0.3071.125 Mobile Safari/537.36"
    ),
    "a FEVER (matomo-org/device-detector#5484)": _ANDROID.format(
        "5.1; FEVER Build/LMY47D; wv", "Version/4.0 Chrome/49.0.2623.105 "
    ),
}

# Who loads images when a person reads.
READERS = {
    "Gmail (mautic/mautic#16069)": (
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    ),
    "Yahoo": "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Yahoo, as a browser": (
        "Mozilla/5.0 (compatible; YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html)"
    ),
    "Outlook on Windows": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Outlook on Windows, by its name": (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook 16.0.5095)"
    ),
    "Thunderbird": "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.10.1",
    "Apple's Mail on an iPhone without its proxy": f"{_IOS}Mobile/15E148",
    "Outlook in a browser": f"{_WINDOWS} Edg/124.0.0.0",
}
