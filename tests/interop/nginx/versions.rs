//! What is spoken with a certificate, by the name of a profile.

use std::process::Command;

use super::stand::{BALANCER, Stand, need_nginx};

const INVENTORY: &str = "
pools: { web1: { servers: [web-7:8001] } }
sites:
  - { names: [old.cc], pool: web1, listen: [8444], tls: { certificate: own.pem, key: own.key } }
  - { names: [new.cc], pool: web1, listen: [8443], tls: { certificate: own.pem, key: own.key, profile: modern } }
";

/// The status and the version of HTTP that curl ends with; or its own code.
fn asked(stand: &Stand, site: &str, port: u16, more: &[&str]) -> Result<String, i32> {
    let (at, url) = (format!("{site}:{port}:{BALANCER}"), format!("https://{site}:{port}/"));
    let ca = stand.lan.path("own.pem");
    let mut curl = Command::new("ip");
    curl.args(["netns", "exec", &stand.lan.host(1), "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"]);
    curl.args(["--noproxy", "*", "--resolve", &at, "--cacert"]).arg(ca).args(more).arg(url);
    let output = curl.output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(output.status.code().unwrap())
    }
}

#[test]
fn a_profile_is_what_is_spoken() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = stand.servers([8001]);
    let fine = Ok("200".to_owned());
    assert_eq!(asked(&stand, "new.cc", 8443, &["--tlsv1.3"]), fine);
    assert_eq!(asked(&stand, "new.cc", 8443, &["--tls-max", "1.2"]), Err(REFUSED));
    assert_eq!(asked(&stand, "old.cc", 8444, &["--tlsv1.3"]), fine);
    assert_eq!(asked(&stand, "old.cc", 8444, &["--tls-max", "1.2"]), fine);
    // A cipher that authenticates what it encrypts, and one that does not, which nginx would take by itself.
    let with = |cipher| asked(&stand, "old.cc", 8444, &["--tls-max", "1.2", "--ciphers", cipher]);
    assert_eq!(with("ECDHE-ECDSA-AES128-GCM-SHA256"), fine);
    assert_eq!(with("ECDHE-ECDSA-AES128-SHA256"), Err(REFUSED));
    let oldest = ["--tlsv1.1", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"];
    assert_eq!(asked(&stand, "old.cc", 8444, &oldest), Err(REFUSED));
}

/// What curl ends with when the two sides found nothing to speak.
const REFUSED: i32 = 35;

/// nginx agrees on a version before it knows the name. `hactl check` says so, and here is that it is so.
#[test]
fn on_one_port_the_first_profile_holds_for_both() {
    need_nginx!();
    let stand = Stand::new(&INVENTORY.replace("listen: [8444]", "listen: [8443]"));
    let _servers = stand.servers([8001]);
    assert_eq!(asked(&stand, "new.cc", 8443, &["--tls-max", "1.2"]), Ok("200".to_owned()));
    let mut check = Command::new(crate::lan::binary());
    let output = check.args(["check", "-i"]).arg(stand.lan.path("inventory.yaml")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("sites `old.cc` and `new.cc` have different TLS profiles on port 8443"), "{said}");
}

/// OpenSSL is the authority and asks like a browser: at the first handshake nginx begins to ask, then it brings the
/// answer along. A certificate without such an authority costs no line, since nginx warns of one.
#[test]
fn what_an_authority_says_is_brought_along() {
    need_nginx!();
    let stand = Stand::new(
        "
pools: { web1: { servers: [web-7:8001] } }
sites:
  - { names: [asked.cc], pool: web1, tls: { certificate: issued.pem, key: issued.key } }
  - { names: [old.cc], pool: web1, listen: [8444], tls: { certificate: own.pem, key: own.key } }
",
    );
    assert_eq!(stand.dump().matches("ssl_stapling on;").count(), 1, "{}", stand.dump());
    assert!(!stand.nginx.log().contains("[warn]"), "{}", stand.nginx.log());
    let path = |name: &str| stand.lan.path(name).display().to_string();
    let (index, ca, key) = (path("index.txt"), path("ca.pem"), path("ca.key"));
    let words = format!("openssl ocsp -index {index} -port 8888 -rsigner {ca} -rkey {key} -CA {ca} -ndays 1");
    let _authority = stand.lan.spawn(1, "authority", words.split(' ').map(std::convert::AsRef::as_ref));
    let says = |port: u16| {
        let script =
            format!("openssl s_client -connect {BALANCER}:{port} -servername asked.cc -status </dev/null 2>&1");
        let asked =
            Command::new("ip").args(["netns", "exec", &stand.lan.host(1), "sh", "-c", &script]).output().unwrap();
        String::from_utf8_lossy(&asked.stdout).into_owned()
    };
    crate::lan::wait("an answer that is brought along", || says(443).contains("OCSP Response Status: successful"));
    assert!(says(443).contains("Cert Status: good"), "{}", says(443));
    assert!(says(8444).contains("OCSP response: no response sent"), "{}", says(8444));
}
