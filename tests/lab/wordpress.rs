//! `inventories/wordpress.yaml`, the homework: from bare hosts to a site, each trap of such a cluster by what would be
//! seen of it, and a real browser that stays logged in whatever happens.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::browser::Browser;
use super::hosts::{Lab, SUBNET, expect};
use super::moves::owner;
use super::sites::{deploy, write};

const WORDPRESS: &str = include_str!("../../inventories/wordpress.yaml");
pub(crate) const NAME: &str = "blog.example.cc";
const URL: &str = "https://blog.example.cc";
/// With what could end a text of PHP, of SQL or of the shell.
pub(crate) const PASSWORD: &str = r#"it's \ "a" $secret"#;
const WEBS: [&str; 2] = ["web-7", "web-8"];

/// The example, with the password in a file.
pub(crate) fn blog(lab: &Lab) -> PathBuf {
    let file = lab.files.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let source = format!("{{ file: {} }}", file.display());
    assert!(WORDPRESS.contains("{ env: WP_ADMIN_PASSWORD }"));
    write(lab, "wordpress.yaml", &WORDPRESS.replace("{ env: WP_ADMIN_PASSWORD }", &source))
}

/// The same with the database on one host alone.
fn one_host(lab: &Lab) -> PathBuf {
    let text = std::fs::read_to_string(blog(lab)).unwrap();
    let pair = format!("database: {{ vip: {SUBNET}.4/24, hosts: [web-7, web-8] }}");
    assert!(text.contains(&pair), "{text}");
    write(lab, "one-host.yaml", &text.replace(&pair, "database: web-7"))
}

/// What curl says of a page through the VIP: its body, then its status, where it redirects to, and how it came out of
/// the cache.
fn page(lab: &Lab, path: &str, more: &str) -> String {
    let format = r"\n%{http_code} %{redirect_url} %header{x-cache-status}";
    lab.sh(
        "client",
        &format!("curl -sSk --max-time 20 --resolve {NAME}:443:{SUBNET}.3 -w '{format}' {more} '{URL}{path}' 2>&1"),
    )
}

/// The last line of [`page`].
fn status(lab: &Lab, path: &str, more: &str) -> String {
    page(lab, path, more).lines().last().unwrap_or_default().to_owned()
}

/// The status of a page of a web host itself, for the client.
fn direct(lab: &Lab, host: &str, path: &str, more: &str) -> String {
    let number = host.trim_start_matches("web-");
    lab.sh(
        "client",
        &format!("curl -s -o /dev/null --max-time 20 -w '%{{http_code}}' -H 'Host: {NAME}' {more} 'http://{SUBNET}.{number}{path}'"),
    )
}

/// Asks again and again until it is so.
pub(crate) fn becomes(what: &str, limit: u64, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(limit);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {limit} s");
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub(crate) fn from_bare_hosts(lab: &Lab) {
    let blog = one_host(lab);
    // An Apache with PHP is somebody's: nothing is changed.
    let apache = "/var/lib/dpkg/info/libapache2-mod-php8.2.list";
    lab.sh("web-8", &format!("touch {apache}"));
    let said = expect("refused", &lab.desk(&blog, &["deploy", "-y", "--accept-new-host-keys"]), 4);
    assert!(said.contains("a host without PHP in Apache") && said.contains("web-8"), "{said}");
    lab.sh("web-8", &format!("rm {apache}"));
    // Debian's WordPress would take such a configuration for this name.
    lab.sh("web-8", &format!("mkdir -p /etc/wordpress && echo '<?php exit;' >/etc/wordpress/config-{NAME}.php"));
    assert!(!lab.sh("web-7", "command -v nginx").contains("nginx"), "nothing was installed");

    let begun = Instant::now();
    let said = deploy(lab, "wordpress.yaml", &blog);
    eprintln!("NOTE from bare hosts to a site of WordPress: {:.1} s", begun.elapsed().as_secs_f64());
    assert!(said.contains("verified") && !said.contains(PASSWORD), "{said}");
    let plan = expect("plan", &lab.desk(&blog, &["plan"]), 0);
    assert!(plan.contains("nothing would change"), "{plan}");
    let again = deploy(lab, "again", &blog);
    assert!(again.contains("nothing changed"), "{again}");

    the_site(lab);
    let cookies = logged_in(lab);
    every_host_takes_the_login(lab, &cookies);
    what_is_nobody_elses(lab, &cookies);
    once_for_all(lab);
    without_a_database(lab, &blog);
    without_its_host(lab, &blog);
}

/// Who is asked, under which name, and from where the program comes.
fn the_site(lab: &Lab) {
    let front = page(lab, "/", "");
    assert!(front.contains("<title>Our blog</title>") && front.contains("\n200 "), "{front}");
    assert!(front.contains(&format!("{URL}/feed/")) && !front.contains(&*SUBNET), "by its name alone: {front}");
    let plain = lab.sh(
        "client",
        &format!("curl -s -o /dev/null -w '%{{http_code}} %{{redirect_url}}' -H 'Host: {NAME}' http://{SUBNET}.3/x"),
    );
    assert_eq!(plain, format!("301 {URL}/x"));
    for host in WEBS {
        assert_eq!(lab.sh(host, "dpkg -l | grep -c apache").trim(), "0", "no Apache on {host}");
        // By address as well: Debian's own configuration knows names alone.
        let number = host.trim_start_matches("web-");
        let by_address =
            lab.sh("client", &format!("curl -s -o /dev/null -w '%{{http_code}}' http://{SUBNET}.{number}/"));
        assert_eq!(by_address, "200");
        let rights =
            lab.sh(host, "stat -c '%a %U:%G' /etc/wordpress/config-hactl.php /var/lib/wordpress/wp-content/uploads");
        assert_eq!(rights, "640 root:www-data\n755 www-data:www-data\n");
        assert!(
            lab.sh(host, "cat /var/log/nginx/access.log").contains(&format!("{SUBNET}.251 - ")),
            "who the client is"
        );
    }
    assert_eq!(
        lab.sh("web-7", "stat -c %a /etc/hactl/wordpress/setup.php /etc/hactl/wordpress/database.sql"),
        "600\n600\n"
    );
}

/// Logs in through the VIP as a browser does; the cookies as a header has them.
fn logged_in(lab: &Lab) -> String {
    let jar = lab.files.path().join("cookies").display().to_string();
    let password = lab.files.path().join("password").display().to_string();
    assert!(status(lab, "/wp-login.php", &format!("-c {jar}")).starts_with("200"));
    let form = format!(
        "-b {jar} -c {jar} --data-urlencode log=ann --data-urlencode pwd@{password} -d wp-submit=Log+In -d testcookie=1"
    );
    let said = status(lab, "/wp-login.php", &form);
    assert!(said.starts_with(&format!("302 {URL}/wp-admin/")), "{said}");
    assert!(page(lab, "/wp-admin/profile.php", &format!("-b {jar}")).contains("ann@example.cc"));
    let cookies = lab
        .sh("client", &format!("sed -n 's/^#HttpOnly_//;/^{NAME}/p' {jar} | awk '{{print $6\"=\"$7}}' | paste -sd';'"));
    assert!(cookies.contains("wordpress_logged_in"), "{cookies}");
    cookies.trim().to_owned()
}

/// A login at one host is one at the other: their salts are the same. Who says HTTPS is believed where it is a load
/// balancer.
fn every_host_takes_the_login(lab: &Lab, cookies: &str) {
    for host in WEBS {
        let number = host.trim_start_matches("web-");
        let head = format!(
            "GET /wp-admin/profile.php HTTP/1.0\\r\\nHost: {NAME}\\r\\nX-Forwarded-Proto: https\\r\\nCookie: {cookies}\\r\\n\\r\\n"
        );
        let ask = format!(
            "bash -c \"exec 3<>/dev/tcp/{SUBNET}.{number}/80; printf '{}' >&3; cat <&3\"",
            head.replace('%', "%%")
        );
        let said = lab.sh("lb-5", &ask);
        assert!(said.starts_with("HTTP/1.1 200") && said.contains("ann@example.cc"), "{host}: {said}");
        let spoofed =
            direct(lab, host, "/wp-admin/profile.php", &format!("-H 'X-Forwarded-Proto: https' -b '{cookies}'"));
        assert_eq!(spoofed, "302", "{host} believes anybody");
    }
    let sums: Vec<String> = WEBS.map(|host| lab.sh(host, "sha256sum /etc/wordpress/config-hactl.php")).to_vec();
    assert_eq!(sums[0], sums[1]);
}

/// What web hosts and load balancers say among themselves, and what would change one host alone.
fn what_is_nobody_elses(lab: &Lab, cookies: &str) {
    for path in ["/hactl-database", "/hactl-php", "/hactl-uploads/x"] {
        assert!(status(lab, path, "").starts_with("404"), "{path}");
    }
    assert_eq!(direct(lab, "web-8", "/hactl-uploads/x.txt", "-X PUT -d x"), "403");
    assert!(!status(lab, "/wp-admin/plugin-install.php", &format!("-b '{cookies}'")).starts_with("200"));
    let file = "/var/lib/wordpress/wp-content/uploads/x.php";
    lab.sh("web-7", &format!("echo '<?php echo 6*7;' >{file}"));
    assert_eq!(direct(lab, "web-7", "/wp-content/uploads/x.php", ""), "404", "what was uploaded is never run");
    lab.sh("web-7", &format!("rm {file}"));
}

/// What WordPress on a host says of this.
fn ask_wordpress(lab: &Lab, host: &str, question: &str) -> String {
    let code = format!(
        "$_SERVER += ['WORDPRESS_CONFIG' => 'hactl', 'HTTP_HOST' => '{NAME}', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET']; \
         require '/usr/share/wordpress/wp-load.php'; require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php'; {question}"
    );
    let file = "/run/ask.php";
    lab.sh(host, &format!("cat > {file} <<'END'\n<?php {code}\nEND"));
    lab.sh(host, &format!("php {file} 2>&1"))
}

/// One host sees to what is due, and no host changes its own program.
fn once_for_all(lab: &Lab) {
    // Something is due. Whoever looks at a page does not see to it, on no host. The timer would, within a minute.
    let timer = "systemctl is-active hactl-wordpress-cron.timer";
    assert_eq!(lab.sh("web-7", timer), "active\n");
    assert_eq!(lab.sh("web-8", timer), "inactive\n");
    lab.sh("web-7", "systemctl stop hactl-wordpress-cron.timer");
    let due = "wp_schedule_single_event(time() - 60, 'hactl_due');";
    assert_eq!(ask_wordpress(lab, "web-7", due), "");
    let waits = "echo wp_next_scheduled('hactl_due') ? 'due' : 'done';";
    for host in WEBS {
        for path in ["/", "/wp-login.php"] {
            direct(lab, host, path, "");
        }
    }
    std::thread::sleep(Duration::from_secs(3)); // WordPress would ask itself by HTTP, and not wait
    assert_eq!(ask_wordpress(lab, "web-8", waits), "due", "a page view has seen to it");
    let upgrades = "echo (int) (new WP_Automatic_Updater())->is_disabled(), (int) wp_is_file_mod_allowed('any');";
    for host in WEBS {
        assert_eq!(ask_wordpress(lab, host, upgrades), "10", "{host}");
    }

    let result = "systemctl start hactl-wordpress-cron && systemctl show -P Result hactl-wordpress-cron";
    assert_eq!(lab.sh("web-7", result), "success\n");
    assert_eq!(ask_wordpress(lab, "web-8", waits), "done");
    lab.sh("web-7", "systemctl start hactl-wordpress-cron.timer");
}

/// Readers read what the load balancers have kept; the VIP stays where it is.
fn without_a_database(lab: &Lab, blog: &Path) {
    assert!(status(lab, "/", "").starts_with("200"));
    lab.sh("web-7", "systemctl stop mariadb");
    becomes("an old page is served", 30, || status(lab, "/", "").trim_end().ends_with("STALE"));
    assert!(page(lab, "/", "").contains("<title>Our blog</title>"));
    for host in WEBS {
        assert!(direct(lab, host, "/hactl-database", "").starts_with('5'), "{host}");
    }
    // Longer than the agents need to find all servers bad.
    becomes("what cannot be kept fails", 20, || status(lab, "/wp-login.php", "").starts_with("500"));
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(owner(lab, blog), "[\"lb-5\"]", "a dead database moves no VIP");
    assert!(status(lab, "/", "").starts_with("200"));
    lab.sh("web-7", "systemctl start mariadb");
    becomes("all is well again", 30, || status(lab, "/wp-login.php", "").starts_with("200"));
}

/// The host with the database loses its power: nobody waits long for it.
fn without_its_host(lab: &Lab, blog: &Path) {
    assert!(status(lab, "/", "").starts_with("200"));
    expect("power off", &lab.hactl(&["lab", "power", "web-7", "off"]), 0);
    let slowest = std::cell::Cell::new(Duration::ZERO);
    becomes("an old page is served", 40, || {
        let asked = Instant::now();
        let said = status(lab, "/", "");
        slowest.set(slowest.get().max(asked.elapsed()));
        assert!(said.starts_with("200"), "{said}");
        said.trim_end().ends_with("STALE")
    });
    // A child of php-fpm that waits for the dead host would keep the page as long.
    let asked = Instant::now();
    assert_eq!(direct(lab, "web-8", "/wp-login.php", ""), "500");
    let (slowest, stuck) = (slowest.get().as_secs_f64(), asked.elapsed().as_secs_f64());
    eprintln!(
        "NOTE the database's host without power: the slowest page took {slowest:.1} s; PHP gives up after {stuck:.1} s"
    );
    assert!(
        slowest < 10.0 && stuck < 5.0,
        "nginx waits for a server, and PHP for its database, no longer than they were told to"
    );
    expect("power on", &lab.hactl(&["lab", "power", "web-7", "on"]), 0);
    becomes("all is well again", 60, || status(lab, "/wp-login.php", "").starts_with("200"));
    // The agents' next check has to pass first.
    becomes("it is verified", 20, || lab.desk(blog, &["verify"]).status.success());
}

/// The same hosts serve a static page, then WordPress, then the page again: each leaves as it came, and the posts stay.
pub(crate) fn after_the_homework_and_before_it(lab: &Lab) {
    let (blog, homework) = (one_host(lab), lab.homework());
    deploy(lab, "the homework", &homework);
    for turn in ["first", "second"] {
        deploy(lab, "wordpress.yaml", &blog);
        assert!(page(lab, "/", "").contains("<title>Our blog</title>"), "the {turn} time");
        lab.sh(
            "web-7",
            &format!("mariadb wordpress -e \"UPDATE wp_posts SET post_title = 'the {turn} time' WHERE ID = 1\""),
        );
        let said = deploy(lab, "the homework again", &homework);
        assert!(!said.contains("NONCE_SALT") && !said.contains("wp_slash"), "what goes is a secret, too: {said}");
        assert!(lab.page().starts_with("web"), "{}", lab.page());
        let left = "ls /etc/nginx/conf.d /etc/nginx/hactl_wordpress_copies /etc/wordpress /etc/hactl/wordpress/* /etc/systemd/system/hactl-wordpress* 2>/dev/null";
        for host in WEBS {
            let left = lab.sh(host, left);
            assert!(!left.contains("config-hactl.php") && !left.contains("hactl-wordpress-cron"), "{host}: {left}");
            assert!(!left.contains("hactl_wordpress_copies") && !left.contains("setup.php"), "{host}: {left}");
        }
        let stays = lab.sh("web-7", "mariadb wordpress -sNe 'SELECT post_title FROM wp_posts WHERE ID = 1'");
        assert_eq!(stays, format!("the {turn} time\n"), "what the database holds stays");
    }
}

/// Still logged in, one post, and the pictures from both web hosts.
fn all_is_there(browser: &Browser<'_>, after: &str, title: &str, pictures: usize) {
    let state = browser.step(&["state", URL, title]);
    assert_eq!((&state["user"], &state["posts"]), (&"ann".into(), &1.into()), "after {after}: {state}");
    let found = state["pictures"].as_array().unwrap();
    assert_eq!(found.len(), pictures, "after {after}: {state}");
    for url in found {
        let path = url.as_str().unwrap().strip_prefix(URL).unwrap();
        assert!(status(browser.lab, path, "").starts_with("200"), "after {after}: {path}");
        for host in WEBS {
            assert_eq!(direct(browser.lab, host, path, ""), "200", "after {after}: {host} has no {path}");
        }
    }
}

pub(crate) fn a_browser_stays_logged_in(lab: &Lab) {
    if !Browser::is_here() {
        return;
    }
    let title = "A post of the browser";
    let blog = blog(lab);
    let browser = Browser::begin(lab, "client");
    browser.step(&["begin", NAME, &format!("{SUBNET}.3")]);
    let password = lab.files.path().join("password").display().to_string();
    let said = browser.step(&["login", URL, "ann", &password]);
    assert!(said.as_str().unwrap().starts_with("Dashboard"), "{said}");
    let post = browser.step(&["post", URL, title]);
    browser.picture("wordpress", "editor.png");
    let drawing = drawing(lab);
    browser.step(&["upload", URL, &drawing]);
    browser.picture("wordpress", "library.png");
    // The picture itself and two smaller ones.
    all_is_there(&browser, "an upload", title, 3);

    expect("failover", &lab.desk(&blog, &["failover", "--to", "lb-6"]), 0);
    assert_eq!(owner(lab, &blog), "[\"lb-6\"]");
    all_is_there(&browser, "a failover", title, 3);
    expect("and back", &lab.desk(&blog, &["failover", "--to", "lb-5"]), 0);
    for drill in ["crash", "web-down"] {
        expect(drill, &lab.desk(&blog, &["drill", drill, "-y", "--budget", "20s"]), 0);
        all_is_there(&browser, drill, title, 3);
    }
    expect("the database moves", &lab.desk(&blog, &["failover", "--vip", "db", "--to", "web-8"]), 0);
    all_is_there(&browser, "a move of the database", title, 3);

    // Uploaded while the other host is away: it asks for the picture when somebody wants it. Deleted is deleted on
    // both.
    let other = |verb: &str| lab.sh("web-8", &format!("systemctl {verb} nginx"));
    other("stop");
    becomes("web-8 is passed over", 20, || (0..4).all(|_| status(lab, "/wp-login.php", "").starts_with("200")));
    browser.step(&["upload", URL, &drawing]);
    other("start");
    all_is_there(&browser, "an upload to one host", title, 6);
    let count = "find /var/lib/wordpress/wp-content/uploads -type f | wc -l";
    assert_eq!(WEBS.map(|host| lab.sh(host, count)), ["6\n", "6\n"], "both have all of them");
    assert_eq!(browser.step(&["forget", URL]), true);
    assert_eq!(WEBS.map(|host| lab.sh(host, count)), ["3\n", "3\n"], "deleted on both");
    all_is_there(&browser, "a deletion", title, 3);
    browser.step(&["show", post.as_str().unwrap()]);
    browser.picture("wordpress", "post.png");
    browser.step(&["end"]);
    expect("the database moves back", &lab.desk(&blog, &["failover", "--vip", "db", "--to", "web-7"]), 0);
}

/// A picture of 640 times 400 points.
fn drawing(lab: &Lab) -> String {
    let path = lab.files.path().join("drawing.png").display().to_string();
    let program = "import sys,zlib,struct\n\
        w,h=640,400\n\
        rows=b''.join(b'\\0'+bytes(v for x in range(w) for v in (x*255//w//16*16,y*255//h//16*16,128)) for y in range(h))\n\
        part=lambda kind,data: struct.pack('>I',len(data))+kind+data+struct.pack('>I',zlib.crc32(kind+data))\n\
        open(sys.argv[1],'wb').write(b'\\x89PNG\\r\\n\\x1a\\n'+part(b'IHDR',struct.pack('>IIBBBBB',w,h,8,2,0,0,0))+part(b'IDAT',zlib.compress(rows,9))+part(b'IEND',b''))\n";
    let file = lab.files.path().join("draw.py");
    std::fs::write(&file, program).unwrap();
    lab.sh("client", &format!("python3 {} {path}", file.display()));
    path
}
