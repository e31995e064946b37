# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests over https: redirects, proxies (as https_proxy and no_proxy say), a token that stays with its host, and patience."""

import email.utils
import http.client
import ipaddress
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

from places import Failure, say

TIMEOUT_S = 30
PAUSES_S = (1, 2, 4, 8, 15)  # between attempts that brought nothing
LONGEST_PAUSE_S = 300


class Broken(Exception):
    """What may go well another time; `pause` is for how many seconds the server asks, where it does."""

    def __init__(self, reason, pause=None):
        super().__init__(reason)
        self.pause = pause


class Unreachable(Broken):
    """No connection came about."""


class Refused(Exception):
    """What the server does not give: the status of HTTP, and what the server says of it."""

    def __init__(self, status, headers):
        self.status, self.code = status, headers.get('X-Error-Code', '')
        super().__init__(f'{status} {clean(headers.get("X-Error-Message", ""))}'.strip())


def clean(text):
    """What others wrote, fit for a terminal."""
    return ''.join(char if char.isprintable() else '?' for char in text[:300])


def isLoopback(host):
    try:
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def checkAddress(url, plain):
    """https, or where `plain` is true http to this machine."""
    try:
        scheme, host, _ = origin(url)
        userinfo = '@' in urllib.parse.urlsplit(url).netloc
    except ValueError as reason:
        raise Failure(f'{clean(url)} is not an address ({reason})') from reason
    if host and not userinfo and (scheme == 'https' or (plain and scheme == 'http' and isLoopback(host))):
        return
    raise Failure(f'{clean(url)} is not used: an address begins with https://, names a host and holds no password')


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to addresses that may be used; the token goes along within one origin only."""

    def __init__(self, plain, token):
        self.plain, self.token = plain, token

    def redirect_request(self, request, *answer):
        *answer, url = answer
        checkAddress(url, self.plain)
        query = urllib.parse.urlsplit(request.full_url).query
        if query and '?' not in url and origin(url) == origin(request.full_url):
            url += '?' + query  # a repository that was renamed is asked the same
        following = super().redirect_request(request, *answer, url)
        if following and self.token and origin(url) == origin(request.full_url) and request.has_header('Authorization'):
            authorize(following, self.token)
        return following


def authorize(request, token):
    request.add_unredirected_header('Authorization', f'Bearer {token}')


def pauseAsked(headers):
    """The seconds of Retry-After, which is a number or a date, or until the quota of RateLimit ("api";r=0;t=55) is renewed."""
    value = headers.get('Retry-After', '').strip()
    if not value and (quota := re.search(r';\s*t=(\d{1,9})\b', headers.get('RateLimit', ''))):
        value = quota[1]
    if value.isascii() and value.isdigit():
        return int(value)
    try:
        return max(0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


class Client:
    """Opens addresses. `plain`: http is used as well, on this machine. `token`: for the origins that open() is given."""

    def __init__(self, plain=False, token=''):
        self.plain, self.token = plain, token
        self.opener = urllib.request.build_opener(Redirects(plain, token))

    def open(self, url, headers):
        """The answer, to be read and closed. Raises Failure, Refused, Broken."""
        checkAddress(url, self.plain)
        host = urllib.parse.urlsplit(url).netloc
        request = urllib.request.Request(url, headers={'User-Agent': 'npuspeech-fetch-model', 'Accept-Encoding': 'identity', **headers})
        if self.token:
            authorize(request, self.token)
        try:
            return self.opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            with error:
                if error.code >= 500 or error.code in (408, 429):
                    raise Broken(f'{host} answers {error.code}', pauseAsked(error.headers)) from error
                if 'Location' in error.headers:
                    where = 'from address to address without end' if 'infinite' in error.msg else 'to what is no address of the web'
                    raise Failure(f'{host} sends on {where}') from error
                raise Refused(error.code, error.headers) from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise Failure(f'the certificate of {host} is not valid ({error.reason.verify_message})') from error
            raise Unreachable(f'{host} cannot be reached ({clean(str(error.reason))})') from error
        except (OSError, http.client.HTTPException) as error:
            raise Broken(f'{host}: {clean(str(error)) or type(error).__name__}') from error
        except ValueError as error:
            raise Failure(f'{host} sends on to what is not an address ({clean(str(error))})') from error


def blocks(response, size):
    """The content in pieces of at most `size` bytes. Raises Broken."""
    try:
        while block := response.read1(size):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise Broken(f'the connection broke off ({clean(str(error)) or type(error).__name__})') from error


class Patience:
    """Waits between attempts, and gives up after too many in a row; at once where the first of all does not reach anybody."""

    def __init__(self, connected):
        self.failures, self.connected = 0, connected

    def renew(self):
        self.failures = 0

    def wait(self, broken):
        """Raises Failure where it is of no use to wait."""
        if isinstance(broken, Unreachable) and not self.connected:
            raise Failure(f'{broken}; check the network, and what https_proxy and HF_ENDPOINT say') from broken
        if self.failures == len(PAUSES_S):
            raise Failure(f'{broken}, {self.failures + 1} times in a row; start again later to go on') from broken
        pause = max(PAUSES_S[self.failures], broken.pause or 0)
        if pause > LONGEST_PAUSE_S:
            raise Failure(f'{broken} and asks to come back in {round(pause / 60)} minutes; start again then to go on') from broken
        self.failures, self.connected = self.failures + 1, True
        say(f'{broken}; trying again in {pause:.0f} s')
        time.sleep(pause)
