"""A browser at the client, by WebDriver: chromedriver listens on the loopback, and a session outlives the steps.

browser.py FOLDER PORT STEP [WORD ...]

    begin NAME ADDRESS        starts headless Chromium, for which NAME is at ADDRESS
    login URL USER FILE       logs in with the password in FILE
    post URL TITLE            writes a post in the editor and publishes it
    upload URL FILE           uploads a picture
    forget URL                deletes the picture that was uploaded last
    state URL TITLE           says who is logged in, how many posts have this title, and where the pictures are
    show URL                  goes there
    picture FILE              saves what the window shows
    as WIDTH HEIGHT LIGHT LANGUAGE   is a window of this size, for who likes it `light` or `dark` and reads this language
    ask SCRIPT                what the page says to an expression of JavaScript
    until SECONDS SCRIPT      the same, once it is true
    press CSS                 presses a button
    newest                    looks at the window that was opened last
    back                      closes it, and looks at the one before
    fill CSS TEXT             writes in a field, in place of what stands there
    end

Each step says what came of it as a line of JSON.
"""
import base64
import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
folder, port, step, *words = sys.argv[1:]
folder = pathlib.Path(folder)
session_file = folder / "session"


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error)["value"]["message"].splitlines()[0]) from None


def session(method, path, body=None):
    return call(method, f"/session/{session_file.read_text()}{path}", body)


def go(url):
    session("POST", "/url", {"url": url})


def script(text, *arguments):
    return session("POST", "/execute/sync", {"script": text, "args": list(arguments)})


def wait(what, condition, limit=60):
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            shot("failed.png")
            raise SystemExit(f"no {what} within {limit} s at {session('GET', '/url')}: {session('GET', '/title')}")
        time.sleep(0.1)


def find(css):
    found = session("POST", "/elements", {"using": "css selector", "value": css})
    return found[0][ELEMENT] if found else None


def element(css):
    return wait(css, lambda: find(css))


def click(css):
    def tried():
        try:
            session("POST", f"/element/{element(css)}/click", {})
            return True
        except RuntimeError:  # something lies over it, or it was drawn anew
            return False
    wait(f"click on {css}", tried)


def write(css, text):
    session("POST", f"/element/{element(css)}/value", {"text": text})


def shot(name):
    folder.joinpath(name).write_bytes(base64.b64decode(session("GET", "/screenshot")))


def fetch(url):
    """What the page itself gets there, with its cookies."""
    return session("POST", "/execute/async", {"args": [url], "script": """
        const [url, done] = arguments;
        fetch(url, {cache: 'no-store'}).then(r => r.text().then(text => done({status: r.status, text})))
            .catch(error => done({status: 0, text: String(error)}));"""})


def begin(name, address):
    options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,760", "--hide-scrollbars",
               "--disable-background-networking", f"--user-data-dir={folder}/profile",
               f"--host-resolver-rules=MAP {name} {address}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    capabilities = {"acceptInsecureCerts": True, "goog:chromeOptions": {"args": options}}
    made = call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
    session_file.write_text(made["sessionId"])
    session("POST", "/timeouts", {"script": 30000, "pageLoad": 60000})
    return made["capabilities"]["browserVersion"]


def login(url, user, file):
    go(f"{url}/wp-login.php")
    # WordPress puts the cursor where it likes a moment after the page is there.
    time.sleep(0.5)
    write("#user_login", user)
    write("#user_pass", pathlib.Path(file).read_text())
    click("#wp-submit")
    element("#wpadminbar")
    return session("GET", "/title")


def post(url, title):
    go(f"{url}/wp-admin/post-new.php")
    element(".edit-post-layout")
    # The editor greets who comes for the first time, in its own time.
    script("wp.data.dispatch('core/preferences').set('core/edit-post', 'welcomeGuide', false)")
    write("h1.wp-block-post-title", title)
    click(".editor-post-publish-panel__toggle")
    click(".editor-post-publish-panel .editor-post-publish-button")
    return wait("published post", lambda: script(
        "const e = wp.data.select('core/editor');"
        "return e.isCurrentPostPublished() && !e.isSavingPost() ? e.getPermalink() : null"))


def upload(url, file):
    go(f"{url}/wp-admin/media-new.php?browser-uploader")
    write("#async-upload", file)
    click("#html-upload")
    wait("library", lambda: "upload.php" in session("GET", "/url"))
    return session("GET", "/title")


def forget(url):
    go(f"{url}/wp-admin/post-new.php")
    element(".edit-post-layout")
    return session("POST", "/execute/async", {"args": [], "script": """
        const done = arguments[0];
        wp.apiFetch({path: '/wp/v2/media?per_page=1'})
            .then(found => wp.apiFetch({path: `/wp/v2/media/${found[0].id}?force=true`, method: 'DELETE'}))
            .then(gone => done(gone.deleted)).catch(error => done(String(error.message)));"""})


def state(url, title):
    go(f"{url}/wp-admin/")
    name = script("const e = document.querySelector('#wp-admin-bar-my-account .display-name'); return e && e.textContent")
    posts = fetch(f"{url}/wp-json/wp/v2/posts?per_page=100&_fields=title")
    media = fetch(f"{url}/wp-json/wp/v2/media?_fields=source_url,media_details")
    titles = [one["title"]["rendered"] for one in json.loads(posts["text"])] if posts["status"] == 200 else None
    pictures = []
    if media["status"] == 200:
        for one in json.loads(media["text"]):
            pictures += [one["source_url"]] + [size["source_url"] for size in one["media_details"].get("sizes", {}).values()]
    return {"user": name, "posts": titles and titles.count(title), "pictures": sorted(set(pictures))}


def show(url):
    go(url)
    return session("GET", "/title")


def picture(file):
    shot(file)


def order(command, **parameters):
    session("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})


def look_as(width, height, light, language):
    order("Emulation.setDeviceMetricsOverride",
          width=int(width), height=int(height), deviceScaleFactor=1, mobile=int(width) < 500)
    order("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": light}])
    order("Emulation.setUserAgentOverride", userAgent="a browser", acceptLanguage=language)


def ask(expression):
    return script(f"return {expression}")


def until(seconds, expression):
    return wait(expression, lambda: ask(expression), float(seconds))


def press(css):
    click(css)


def newest():
    # A link opens its window in its own time.
    wait("second window", lambda: len(session("GET", "/window/handles")) > 1)
    session("POST", "/window", {"handle": session("GET", "/window/handles")[-1]})
    return session("GET", "/url")


def back():
    left = session("DELETE", "/window")
    session("POST", "/window", {"handle": left[-1]})
    return session("GET", "/url")


def fill(css, text):
    script("arguments[0].value = ''", {ELEMENT: element(css)})
    write(css, text)


def end():
    session("DELETE", "")


print(json.dumps({"said": globals()[{"as": "look_as"}.get(step, step)](*words)}))
