//! nginx on a host: healthy, broken or wrong as a case wants it.

use std::fs;
use std::net::TcpStream;

use super::host::{Daemon, Host};

/// What `/health` says of a healthy one.
pub(crate) const HEALTHY: &str = "fine\n";

impl Host {
    /// nginx on ports 80 and 8080 that answers with the host's name.
    pub(crate) fn web(&self) -> Daemon {
        self.nginx("")
    }

    /// The same with TLS on port 443; the certificate, which is its own authority, is for `name`. Returns the
    /// certificate's path.
    pub(crate) fn secure_web(&self, name: &str) -> (Daemon, String) {
        let at = |file: &str| self.folder().join(file).display().to_string();
        let (key, certificate) = (at("key.pem"), at("certificate.pem"));
        self.sh(&format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 -subj /CN={name} \
             -addext subjectAltName=DNS:{name} -addext basicConstraints=critical,CA:FALSE -keyout {key} -out {certificate}"
        ));
        let tls = format!("listen 443 ssl; ssl_certificate {certificate}; ssl_certificate_key {key};");
        (self.nginx(&tls), certificate)
    }

    fn nginx(&self, lines: &str) -> Daemon {
        let folder = self.folder();
        let text = format!(
            "daemon off; master_process off; pid {0}/nginx.pid; error_log stderr;
             events {{}}
             http {{ access_log off; root {0}/www;
               server {{ listen 80; listen 8080; listen [::]:80; listen [::]:8080; {lines}
                         location = / {{ return 200 '{1}\\n'; }}
                         location = /health {{ if (-e {0}/www/broken) {{ return 500; }} }} }} }}",
            folder.display(),
            self.name
        );
        fs::create_dir_all(folder.join("www")).unwrap();
        self.says(HEALTHY);
        let file = folder.join("nginx.conf");
        fs::write(&file, text).unwrap();
        let daemon = self.spawn("nginx", &["nginx", "-e", "stderr", "-c", file.to_str().unwrap()]);
        let at = (self.v4(), 80);
        self.wait("nginx", || TcpStream::connect(at).is_ok());
        daemon
    }

    /// What `/health` answers from now on.
    pub(crate) fn says(&self, text: &str) {
        let www = self.folder().join("www");
        fs::write(www.join("health.new"), text).unwrap();
        fs::rename(www.join("health.new"), www.join("health")).unwrap();
    }

    /// Whether `/health` fails with 500.
    pub(crate) fn breaks(&self, broken: bool) {
        let path = self.folder().join("www/broken");
        if broken { fs::write(path, "").unwrap() } else { fs::remove_file(path).unwrap() }
    }
}
