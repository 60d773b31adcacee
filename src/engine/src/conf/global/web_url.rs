//! Where a webhook listens: the one reading of its URL, for `check` and for the agent that posts to it.

/// A URL that can be posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl {
    /// `https`.
    pub tls: bool,
    /// Name or address to connect to, without brackets.
    pub host: String,
    /// Port to connect to.
    pub port: u16,
    /// As in the URL, for the Host header.
    pub authority: String,
    /// Path and query; may hold a token, so it is never logged.
    pub path: String,
}

/// Why a text is no such URL. It holds nothing of path and query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebUrlError {
    /// Another scheme, or none.
    #[error("it begins with neither http:// nor https://")]
    Scheme,
    /// What no request line may hold.
    #[error("it holds a blank or a character beyond ASCII")]
    Characters,
    /// `USER:PASSWORD@`.
    #[error("it holds a user or password; put a token into the path or query")]
    Login,
    /// Not a number from 0 to 65535.
    #[error("`{0}` is not a port")]
    Port(String),
    /// Nothing between the slashes and the path.
    #[error("it names no host")]
    Host,
}

impl WebUrl {
    /// Reads `http://` or `https://HOST[:PORT][/PATH][?QUERY]`.
    ///
    /// # Errors
    /// When it is another kind of URL, or none.
    pub fn parse(url: &str) -> Result<Self, WebUrlError> {
        let (tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(WebUrlError::Scheme),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WebUrlError::Characters);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(WebUrlError::Login);
        }
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| WebUrlError::Port(port.to_owned()))?),
            None => (authority, if tls { 443 } else { 80 }),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(WebUrlError::Host);
        }
        let path = path.split('#').next().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{path}");
        Ok(Self { tls, host: host.to_owned(), port, authority: authority.to_owned(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let parts = |url: &str| {
            let url = WebUrl::parse(url).unwrap();
            (url.tls, url.host, url.port, url.authority, url.path)
        };
        let wanted = (false, "10.0.0.9".into(), 8080, "10.0.0.9:8080".into(), "/hook?token=abc".into());
        assert_eq!(parts("http://10.0.0.9:8080/hook?token=abc#x"), wanted);
        assert_eq!(parts("https://[fd00::9]"), (true, "fd00::9".into(), 443, "[fd00::9]".into(), "/".into()));
        assert_eq!(parts("http://[fd00::9]:81").2, 81);
        assert_eq!(parts("http://hook.lan?x=1").4, "/?x=1");
        for (bad, why) in [
            ("ftp://x/", WebUrlError::Scheme),
            ("http://", WebUrlError::Host),
            ("https:///x", WebUrlError::Host),
            ("http://u:p@x/", WebUrlError::Login),
            ("http://x/\r\nX: 1", WebUrlError::Characters),
            ("http://x:99999/", WebUrlError::Port("99999".into())),
            ("http://:80/", WebUrlError::Host),
        ] {
            assert_eq!(WebUrl::parse(bad), Err(why), "{bad}");
        }
    }
}
